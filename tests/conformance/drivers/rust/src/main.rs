//! Plays conformance vectors through the public API of the crate `polyspan`: a case a line, an answer a line.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use polyspan::trace::OwnedValue;
use polyspan::{
    Baggage, Config, Parent, Provider, Span, SpanContext, SpanKind, Status, Tracer, Value,
};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;

type Done<T> = Result<T, Box<dyn Error>>;
type Attributes = Vec<(String, OwnedValue)>;

/// A case under way.
struct Play {
    provider: Provider,
    spans: HashMap<String, Span>,
    /// What was extracted.
    remote: HashMap<String, SpanContext>,
    started: Vec<Json>,
    results: Vec<Json>,
}

fn main() -> Done<()> {
    for line in std::io::stdin().lines() {
        let answer = match play(&serde_json::from_str(&line?)?) {
            Ok(answer) => answer,
            Err(error) => json!({ "unsupported": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn play(case: &Json) -> Done<Json> {
    let mut config = Config::from_env();
    for (name, value) in case["options"].as_object().ok_or("no options")? {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        config.set(name, &value)?;
    }
    let provider = Provider::new(config)?;
    let mut play = Play {
        provider,
        spans: HashMap::new(),
        remote: HashMap::new(),
        started: Vec::new(),
        results: Vec::new(),
    };
    let steps = case["steps"].as_array().ok_or("no steps")?;
    let done = steps.iter().try_for_each(|step| play.step(step));
    provider.shutdown(Duration::from_secs(5))?;
    done?;
    Ok(json!({ "spans": play.started, "results": play.results }))
}

impl Play {
    fn step(&mut self, step: &Json) -> Done<()> {
        let (verb, label) = [
            "start",
            "set",
            "event",
            "link",
            "exception",
            "status",
            "rename",
            "end",
            "extract",
            "inject",
        ]
        .iter()
        .find_map(|verb| Some((*verb, step[verb].as_str()?)))
        .ok_or("an unknown step")?;
        match verb {
            "start" => return self.start(label, step),
            "extract" => return self.extract(label, step),
            "inject" => return self.inject(label, step),
            _ => {}
        }
        let attributes = attributes(step)?;
        let values = borrowed(&attributes);
        let target = step["to"].as_str().and_then(|to| self.context(to));
        let span = self.spans.get_mut(label).ok_or("no such span")?;
        match verb {
            "set" => span.set_attribute(text(&step["key"])?, value(&step["value"])?.as_value()),
            "event" => span.add_event_at(text(&step["name"])?, &values, nanos(step)),
            "link" => span.add_link(&target.ok_or("no target")?, &values),
            "exception" => span.record_exception_at(
                text(&step["type"])?,
                text(&step["message"])?,
                Some(text(&step["stacktrace"])?),
                &values,
                nanos(step),
            ),
            "status" => span.set_status(match step["code"].as_str() {
                Some("ok") => Status::Ok,
                Some("error") => Status::Error(text(&step["description"])?),
                _ => Status::Unset,
            }),
            "rename" => span.update_name(text(&step["name"])?),
            _ => {
                span.finish_at(nanos(step));
            }
        }
        Ok(())
    }

    fn start(&mut self, label: &str, step: &Json) -> Done<()> {
        let scope = &step["scope"];
        let tracer: Tracer = self.provider.tracer(polyspan::Scope {
            name: text(&scope["name"])?,
            version: scope["version"].as_str().unwrap_or_default(),
            schema_url: scope["schema_url"].as_str().unwrap_or_default(),
            attributes: &[],
        });
        let attributes = attributes(step)?;
        let parent = step["parent"].as_str().unwrap_or_default();
        let mut span = tracer
            .span(text(&step["name"])?)
            .kind(match step["kind"].as_str() {
                Some("server") => SpanKind::Server,
                Some("client") => SpanKind::Client,
                Some("producer") => SpanKind::Producer,
                Some("consumer") => SpanKind::Consumer,
                _ => SpanKind::Internal,
            })
            .parent(match (self.spans.get(parent), self.remote.get(parent)) {
                (Some(span), _) => Parent::Local(span),
                (None, remote) => Parent::from(remote),
            })
            .start_unix_nanos(nanos(step))
            .attributes(&borrowed(&attributes))
            .start();
        for link in step["links"].as_array().ok_or("no links")? {
            let target = self.context(text(&link["to"])?).ok_or("no target")?;
            span.add_link(&target, &borrowed(&self::attributes(link)?));
        }
        let context = span.context();
        self.started.push(json!([
            label,
            context.trace_id.to_string(),
            context.span_id.to_string()
        ]));
        self.spans.insert(label.to_owned(), span);
        Ok(())
    }

    fn context(&self, label: &str) -> Option<SpanContext> {
        let own = self.spans.get(label).map(Span::context);
        own.or_else(|| self.remote.get(label)).cloned()
    }

    fn extract(&mut self, label: &str, step: &Json) -> Done<()> {
        let headers = pairs(&step["headers"])?;
        let (context, baggage) = self.provider.extract(&|name| {
            let lines = headers.iter().filter(|(header, _)| header == name);
            lines.map(|(_, line)| line.clone()).collect()
        });
        let mut result = json!({});
        if let Some(context) = context {
            result["trace_id"] = context.trace_id.to_string().into();
            result["span_id"] = context.span_id.to_string().into();
            result["flags"] = context.flags.bits().into();
            if !context.state.is_empty() {
                result["state"] = context.state.as_str().into();
            }
            self.remote.insert(label.to_owned(), context);
        }
        if !baggage.is_empty() {
            result["baggage"] = baggage
                .iter()
                .map(|entry| json!([entry.key(), entry.value()]))
                .collect();
        }
        self.results.push(result);
        Ok(())
    }

    fn inject(&mut self, label: &str, step: &Json) -> Done<()> {
        let context = self.context(label).ok_or("no such span")?;
        let baggage: Baggage = pairs(&step["baggage"])?.into_iter().collect();
        let mut headers: Vec<Json> = Vec::new();
        self.provider
            .inject(&context, &baggage, &mut |name, value| {
                headers.push(json!([name, value]))
            });
        self.results.push(json!({ "headers": headers }));
        Ok(())
    }
}

fn nanos(step: &Json) -> u64 {
    step["at"].as_u64().unwrap_or_default() * 1000
}

fn text(given: &Json) -> Done<&str> {
    if given.is_null() {
        return Ok("");
    }
    Ok(given.as_str().ok_or("a str of Rust is always UTF-8")?)
}

fn pairs(list: &Json) -> Done<Vec<(String, String)>> {
    let pair = |pair: &Json| Ok((text(&pair[0])?.to_owned(), text(&pair[1])?.to_owned()));
    list.as_array()
        .ok_or("no pairs")?
        .iter()
        .map(pair)
        .collect()
}

fn attributes(step: &Json) -> Done<Attributes> {
    step["attributes"]
        .as_array()
        .map_or_else(|| Ok(Vec::new()), |list| members(list))
}

fn members(list: &[Json]) -> Done<Attributes> {
    list.iter()
        .map(|member| Ok((text(&member[0])?.to_owned(), value(&member[1])?)))
        .collect()
}

fn borrowed(attributes: &Attributes) -> Vec<(&str, Value<'_>)> {
    attributes
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_value()))
        .collect()
}

fn value(given: &Json) -> Done<OwnedValue> {
    if let Some(depth) = given["deep"].as_u64() {
        return (0..depth).try_fold(value(&given["in"])?, |inner, _| {
            Ok(OwnedValue::Array(vec![inner]))
        });
    }
    let (kind, content) = given
        .as_object()
        .and_then(|one| one.iter().next())
        .ok_or("no value")?;
    let list = || content.as_array().ok_or("no list");
    Ok(match kind.as_str() {
        "string" => OwnedValue::Str(text(content)?.to_owned()),
        "bool" => OwnedValue::Bool(content == true),
        "int" => OwnedValue::Int(
            text(content)?
                .parse()
                .map_err(|_| "an integer of Value is an i64")?,
        ),
        "double" => OwnedValue::Double(text(content)?.parse()?),
        "bytes" => OwnedValue::Bytes(BASE64_STANDARD.decode(text(content)?)?),
        "array" => OwnedValue::Array(list()?.iter().map(value).collect::<Done<_>>()?),
        "map" => OwnedValue::Map(members(list()?)?),
        "empty" => OwnedValue::Empty,
        _ => return Err("a str of Rust is always UTF-8".into()),
    })
}
