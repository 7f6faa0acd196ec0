//! Reads `key=value,key=value`, the form of resource attributes and headers in settings.
//!
//! Both are percent-encoded. An error anywhere discards the whole text (Resource SDK, "Specifying resource information via
//! an environment variable"): half of it would look like a configuration that somebody chose.

use percent_encoding::percent_decode_str;

/// Why a list was refused: a clause that says which entry is wrong. It shows nothing of an entry that may be a secret
/// cut in two by a comma.
pub(crate) type Refusal = String;

/// Reads the entries. Blanks around keys and values are not part of them, and empty entries are skipped, so a trailing
/// comma does no harm. Values are the decoded bytes.
pub(crate) fn parse(text: &str) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let mut pairs = Vec::new();
    for (index, entry) in text.split(',').enumerate() {
        let entry = entry.trim();
        if entry.is_empty() {
            continue;
        }
        let number = index + 1;
        let (key, value) = entry
            .split_once('=')
            .ok_or_else(|| format!("whose entry {number} has no \"=\""))?;
        let key = decode(key.trim())
            .and_then(|key| String::from_utf8(key).map_err(|_| "is not valid UTF-8"))
            .map_err(|why| format!("whose entry {number} has a key that {why}"))?;
        if key.is_empty() {
            return Err(format!("whose entry {number} has no key"));
        }
        let value = decode(value.trim())
            .map_err(|why| format!("whose entry {number} has a value that {why}"))?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// The same, where values are text.
pub(crate) fn parse_text(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    parse(text)?
        .into_iter()
        .map(|(key, value)| match String::from_utf8(value) {
            Ok(value) => Ok((key, value)),
            Err(_) => Err(format!(
                "whose entry for {key} has a value that is not valid UTF-8"
            )),
        })
        .collect()
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    // The decoder leaves a stray "%" as it is, which the specification counts as a decoding error.
    let complete = text.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        let mut hex = || digits.next().is_some_and(|digit| digit.is_ascii_hexdigit());
        hex() && hex()
    });
    if !complete {
        return Err("has a \"%\" without two hexadecimal digits after it (a percent sign is %25)");
    }
    Ok(percent_decode_str(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: &str) -> Vec<(String, String)> {
        parse_text(input).unwrap()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.into(), value.into())
    }

    #[test]
    fn keys_and_values_are_decoded_and_trimmed() {
        assert_eq!(
            text(" a = b c , d%2Ce=%C3%A4%3D "),
            [pair("a", "b c"), pair("d,e", "ä=")]
        );
    }

    #[test]
    fn a_value_may_be_empty_or_hold_equals_signs() {
        assert_eq!(
            text("a=,b=Basic dTpw=="),
            [pair("a", ""), pair("b", "Basic dTpw==")]
        );
    }

    #[test]
    fn empty_entries_are_skipped() {
        assert_eq!(text("a=1,, ,b=2,"), [pair("a", "1"), pair("b", "2")]);
        assert_eq!(text(""), []);
    }

    #[test]
    fn one_wrong_entry_refuses_the_whole_and_is_named() {
        assert_eq!(parse("a=1,b").unwrap_err(), "whose entry 2 has no \"=\"");
        assert_eq!(parse("=1").unwrap_err(), "whose entry 1 has no key");
        assert!(
            parse("a=1,b=%zz")
                .unwrap_err()
                .starts_with("whose entry 2 has a value that has a \"%\"")
        );
        assert!(parse("a=5%").is_err());
        assert!(parse("a=%4").is_err());
        assert!(parse("%=1").is_err());
        assert!(parse_text("a=%FF").unwrap_err().contains("not valid UTF-8"));
    }
}
