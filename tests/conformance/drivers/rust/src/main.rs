//! Plays conformance vectors through the public API of the crate `polyspan`: a case a line, an answer a line.

mod carriers;
mod values;

use polyspan::{Config, Parent, Provider, Span, SpanContext, SpanKind, Status, Tracer};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::error::Error;
use std::time::Duration;
use values::{attributes, borrowed, nanos, text, value};

type Done<T> = Result<T, Box<dyn Error>>;

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
            span.add_link(&target, &borrowed(&values::attributes(link)?));
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
}
