//! What carries context: HTTP headers, gRPC metadata, headers of a message, fields of an envelope.
//!
//! Writing needs one function, `set(name, value)`; all names are in lower case and all values printable ASCII. Reading
//! needs a [`Getter`]. A function from a name to its values is one; [`Pairs`] is one for every list of names and values:
//!
//! carrier                          | how
//! ---------------------------------|-----------------------------------------------------------------
//! HTTP and WebSocket upgrade       | [`Pairs`] over the headers as they came, repeated ones included
//! gRPC metadata                    | [`Pairs`] over the ASCII entries; binary ones (`-bin`) are passed over
//! message queue headers            | [`Pairs`] over names and bytes
//! envelope around one message      | a function that looks into its fields
//! environment of a process         | [`environment`](super::environment)
//!
//! ```
//! use polyspan::propagate::{Pairs, Propagators};
//!
//! // A message of a queue: values are bytes, and nothing says that they are text.
//! let headers: [(&str, &[u8]); 2] = [
//!     ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
//!     ("checksum", &[0xff, 0x00]),
//! ];
//! let (context, _) = Propagators::default().extract_from(&Pairs(&headers));
//! assert!(context.is_some_and(|context| context.is_sampled()));
//! ```

/// A carrier that is read.
pub trait Getter {
    /// All values under `name`, which is in lower case, in their order. Carriers with names of mixed case compare without
    /// regard to it.
    fn get(&self, name: &str) -> Vec<String>;

    /// Shows the names that there are, for formats that put data into names (`jaeger`). A carrier that cannot list them
    /// shows none, and such data is not read.
    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        let _ = visit;
    }
}

impl<F: Fn(&str) -> Vec<String>> Getter for F {
    fn get(&self, name: &str) -> Vec<String> {
        self(name)
    }
}

/// The same carrier behind a plain function, which cannot list names.
pub(super) struct Function<'a>(pub(super) &'a dyn Fn(&str) -> Vec<String>);

impl Getter for Function<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        (self.0)(name)
    }
}

/// Names and values in their order, a repeated name as often as it came.
///
/// Names are compared without regard to case. Values may be bytes; what is not UTF-8 reads as U+FFFD, which no format
/// allows. Names that end with `-bin` are gRPC's binary metadata and are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Pairs<'a, N, V>(pub &'a [(N, V)]);

impl<N: AsRef<str>, V: AsRef<[u8]>> Getter for Pairs<'_, N, V> {
    fn get(&self, name: &str) -> Vec<String> {
        let named = self
            .0
            .iter()
            .filter(|(key, _)| key.as_ref().eq_ignore_ascii_case(name));
        named
            .map(|(_, value)| String::from_utf8_lossy(value.as_ref()).into_owned())
            .collect()
    }

    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        let keys = self.0.iter().map(|(key, _)| key.as_ref());
        keys.filter(|key| !is_binary(key)).for_each(visit);
    }
}

/// Whether gRPC would take the value under this name for base64 of bytes.
pub(super) fn is_binary(name: &str) -> bool {
    let tail = name.len().checked_sub(4).and_then(|at| name.get(at..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case("-bin"))
}

/// The first value under `name`, without the blanks around it: of a header that must not be repeated the first counts.
pub(super) fn first(getter: &dyn Getter, name: &str) -> Option<String> {
    let line = getter.get(name).into_iter().next()?;
    let trimmed = line.trim_matches([' ', '\t']);
    Some(if trimmed.len() == line.len() {
        line
    } else {
        trimmed.to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(getter: &dyn Getter) -> Vec<String> {
        let mut keys = Vec::new();
        getter.keys(&mut |key| keys.push(key.to_owned()));
        keys
    }

    #[test]
    fn names_are_compared_without_regard_to_case_and_values_keep_their_order() {
        let pairs = [("Baggage", "a=1"), ("b3", "0"), ("BAGGAGE", "b=2")];
        assert_eq!(Pairs(&pairs).get("baggage"), ["a=1", "b=2"]);
        assert_eq!(Pairs(&pairs).get("traceparent"), [""; 0]);
    }

    #[test]
    fn binary_metadata_is_not_listed() {
        let pairs = [("uberctx-a", "1"), ("uberctx-b-bin", "2"), ("-BIN", "3")];
        assert_eq!(keys(&Pairs(&pairs)), ["uberctx-a"]);
    }

    #[test]
    fn bytes_that_are_not_text_read_as_text_that_no_format_allows() {
        let pairs = [("b3", [0xff, b'-', b'1'])];
        assert_eq!(Pairs(&pairs).get("b3"), ["\u{fffd}-1"]);
    }

    #[test]
    fn of_a_header_that_came_twice_the_first_counts() {
        let pairs = [("b3", " \t0 "), ("b3", "1")];
        assert_eq!(first(&Pairs(&pairs), "b3").as_deref(), Some("0"));
        assert_eq!(first(&Pairs(&pairs), "x"), None);
    }

    #[test]
    fn a_function_cannot_list_names() {
        let function = |name: &str| vec![name.to_owned()];
        assert_eq!(function.get("a"), ["a"]);
        assert_eq!(keys(&function), [""; 0]);
    }
}
