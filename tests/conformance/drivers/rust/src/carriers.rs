//! Headers, by the propagators of the provider.

use crate::values::pairs;
use crate::{Done, Play};
use polyspan::{Baggage, Span, SpanContext};
use serde_json::{Value as Json, json};

impl Play {
    /// The context of a span of this process, or of one that was extracted.
    pub(crate) fn context(&self, label: &str) -> Option<SpanContext> {
        let own = self.spans.get(label).map(Span::context);
        own.or_else(|| self.remote.get(label)).cloned()
    }

    pub(crate) fn extract(&mut self, label: &str, step: &Json) -> Done<()> {
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

    pub(crate) fn inject(&mut self, label: &str, step: &Json) -> Done<()> {
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
