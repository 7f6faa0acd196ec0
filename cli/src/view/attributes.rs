//! Which attributes of a span are worth a place on its line.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::json::value_text;
use super::text::clean;

/// Told first, in this order: what usually explains a span.
const FIRST: [&str; 14] = [
    "http.response.status_code",
    "http.status_code",
    "error.type",
    "http.request.method",
    "http.route",
    "url.full",
    "url.path",
    "url.query",
    "db.system.name",
    "db.query.text",
    "messaging.system",
    "messaging.destination.name",
    "rpc.system",
    "rpc.method",
];

/// Never told on the line: true, but the same for every span or known from the columns beside.
const NOISE: [&str; 18] = [
    "asgi.",
    "client.",
    "code.",
    "http.flavor",
    "http.host",
    "http.request.method_original",
    "http.scheme",
    "http.status_text",
    "http.url",
    "http.user_agent",
    "net.",
    "network.",
    "process.",
    "server.",
    "thread.",
    "url.scheme",
    "user_agent.",
    "express.",
];

/// The key attributes as `key=value`, the most telling first.
pub(crate) fn key_attributes(span: &Span) -> String {
    let first = FIRST
        .iter()
        .filter_map(|key| span.attributes.iter().find(|pair| pair.key == *key));
    let others = span.attributes.iter().filter(|pair| {
        !FIRST.contains(&&*pair.key) && !NOISE.iter().any(|noise| pair.key.starts_with(noise))
    });
    let told: Vec<_> = first
        .chain(others)
        .filter(|pair| !name_tells(span, pair))
        .map(pair_text)
        .collect();
    told.join(" ")
}

/// `key=value`, quoted where the end of the value would not be clear.
pub(crate) fn pair_text(pair: &KeyValue) -> String {
    let value = value_text(pair.value.as_ref());
    let key = clean(&pair.key);
    if value.is_empty() || value.contains([' ', '"']) && !value.starts_with(['[', '{']) {
        format!("{key}=\"{}\"", clean(&value.replace('"', "\\\"")))
    } else {
        format!("{key}={}", clean(&value))
    }
}

/// `POST /orders` needs no `http.request.method=POST http.route=/orders` beside it.
fn name_tells(span: &Span, pair: &KeyValue) -> bool {
    let value = value_text(pair.value.as_ref());
    FIRST.contains(&&*pair.key)
        && !value.is_empty()
        && span.name.split(' ').any(|word| word == value)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{int, text};
    use super::*;

    #[test]
    fn the_telling_attributes_come_first_and_noise_not_at_all() {
        let span = Span {
            name: "POST /orders".to_owned(),
            attributes: vec![
                text("order.id", "o-17"),
                text("server.address", "127.0.0.1"),
                text("http.request.method", "POST"),
                text("http.route", "/orders"),
                text("db.query.text", "SELECT \"a\" FROM t"),
                int("http.response.status_code", 500),
            ],
            ..Span::default()
        };
        assert_eq!(
            key_attributes(&span),
            r#"http.response.status_code=500 db.query.text="SELECT \"a\" FROM t" order.id=o-17"#
        );
    }
}
