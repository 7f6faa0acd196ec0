//! Plays conformance vectors through the public API of the crate `polyspan`: a step a line, an answer a line (see
//! `tests/conformance/README.md`).

use polyspan::trace::{SpanKind, Status};
use polyspan::{Baggage, Config, Parent, Provider, Scope, Span, SpanContext, Tracer, Value};
use std::collections::HashMap;
use std::error::Error;
use std::mem;
use std::time::Duration;
use std::vec::Drain;

type Done<T> = Result<T, Box<dyn Error>>;

/// What the run has. The texts of its lines are kept to its end, so that values can borrow from them.
struct Play {
    config: Config,
    provider: Provider,
    tracer: Tracer,
    spans: HashMap<&'static str, Span>,
    /// Of the spans, and those that were extracted.
    contexts: HashMap<&'static str, SpanContext>,
    /// Attributes for the next step that takes some.
    values: Vec<(&'static str, Value<'static>)>,
}

fn main() -> Done<()> {
    let disabled = Provider::new(Config::from_env().disabled(true))?;
    let mut play = Play {
        config: Config::from_env(),
        provider: disabled,
        tracer: disabled.tracer(""),
        spans: HashMap::new(),
        contexts: HashMap::new(),
        values: Vec::new(),
    };
    for line in std::io::stdin().lines() {
        let answer = play.answer(&line?);
        let answer = answer.unwrap_or_else(|error| vec!["unsupported".into(), error.to_string()]);
        println!("{}", serde_json::to_string(&answer)?);
    }
    Ok(())
}

impl Play {
    fn answer(&mut self, line: &str) -> Done<Vec<String>> {
        let words: Vec<String> = serde_json::from_str(line)?;
        let words: Vec<&'static str> = words.into_iter().map(|word| &*word.leak()).collect();
        let mut answer = vec!["ok".to_owned()];
        match *words {
            ["option", name, _, text] => self.config.set(name, text)?,
            ["init"] => {
                self.provider = Provider::new(mem::replace(&mut self.config, Config::from_env()))?;
            }
            ["tracer", name, version, schema_url] => {
                let mut scope = Scope::from(name);
                (scope.version, scope.schema_url) = (version, schema_url);
                self.tracer = self.provider.tracer(scope);
            }
            ["value", key, kind, text] => {
                let value = self.value(kind, text)?;
                self.values.push((key, value));
            }
            ["start", label, context, name, kind, parent, nanos] => {
                let parent = match self.spans.get(parent) {
                    Some(span) => Parent::Local(span),
                    None => Parent::from(self.contexts.get(context)),
                };
                let kind = SpanKind::from_number(kind.parse()?);
                let span = self.tracer.span(name).parent(parent).kind(kind);
                let span = span
                    .start_unix_nanos(nanos.parse()?)
                    .attributes(&self.values);
                let span = span.start();
                self.contexts.insert(label, span.context().clone());
                self.spans.insert(label, span);
                self.values.clear();
            }
            ["context", label] => {
                let context = self.contexts.get(label).cloned().unwrap_or_default();
                answer.extend([context.trace_id.to_string(), context.span_id.to_string()]);
                answer.push(context.flags.bits().to_string());
                answer.push(context.state.as_str().to_owned());
            }
            ["extract", label, ref headers @ ..] => {
                let (found, baggage) = self.provider.extract(&|name| {
                    let lines = headers.as_chunks().0.iter();
                    let lines = lines.filter(|[header, _]| *header == name);
                    lines.map(|[_, line]| (*line).to_owned()).collect()
                });
                self.contexts.extend(found.map(|found| (label, found)));
                for entry in baggage.iter() {
                    answer.extend([entry.key().to_owned(), entry.value().to_owned()]);
                }
            }
            ["inject", label, ref entries @ ..] => {
                let entries = entries.as_chunks().0.iter();
                let baggage: Baggage = entries.map(|[key, value]| (*key, *value)).collect();
                let (provider, context) = (self.provider, &self.contexts[label]);
                provider.inject(context, &baggage, &mut |name, value| {
                    answer.extend([name.to_owned(), value.to_owned()])
                });
            }
            ["shutdown"] => self.provider.shutdown(Duration::from_secs(5))?,
            _ => self.change(&words)?,
        }
        Ok(answer)
    }

    /// Plays a step that changes a span.
    fn change(&mut self, words: &[&str]) -> Done<()> {
        let values = mem::take(&mut self.values);
        let span = self.spans.get_mut(words[1]).ok_or("no such span")?;
        match *words {
            ["set", _] => span.set_attribute(values[0].0, values[0].1.clone()),
            ["event", _, name, nanos] => span.add_event_at(name, &values, nanos.parse()?),
            ["link", _, target] => span.add_link(&self.contexts[target], &values),
            ["exception", _, kind, message, stack, nanos] => {
                span.record_exception_at(kind, message, Some(stack), &values, nanos.parse()?);
            }
            ["status", _, "0", _] => span.set_status(Status::Unset),
            ["status", _, "1", _] => span.set_status(Status::Ok),
            ["status", _, "2", description] => span.set_status(Status::Error(description)),
            ["rename", _, name] => span.update_name(name),
            ["end", _, nanos] => drop(span.finish_at(nanos.parse()?)),
            _ => return Err("no such step".into()),
        }
        Ok(())
    }

    /// A value from its text. The text of a list or map says how many of the last values it takes.
    fn value(&mut self, kind: &str, text: &'static str) -> Done<Value<'static>> {
        let numbers = || text.split(' ').flat_map(str::parse);
        Ok(match kind {
            "string" => Value::Str(text),
            "bool" => Value::Bool(text == "true"),
            "int" => Value::Int(text.parse()?),
            "double" => Value::Double(text.parse()?),
            "bytes" => Value::Bytes(Vec::from_iter(numbers()).leak()),
            "array" => Value::Array(self.last(text)?.map(|(_, element)| element).collect()),
            "map" => Value::Map(self.last(text)?.collect()),
            _ => Value::Empty,
        })
    }

    fn last(&mut self, count: &str) -> Done<Drain<'_, (&'static str, Value<'static>)>> {
        let first = self.values.len() - count.parse::<usize>()?;
        Ok(self.values.drain(first..))
    }
}
