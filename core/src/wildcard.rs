//! Patterns as declarative configuration has them: `?` is any one character, `*` any number of them, none included; all
//! else stands for itself, upper and lower case apart.

/// Whether the whole text is what the pattern describes.
///
/// A text against a pattern with several stars takes at most their lengths multiplied.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on if the last star must stand for one character more.
    let mut retry = None;
    loop {
        match (pattern.next(), text.clone().next()) {
            (Some('*'), _) => retry = Some((pattern.clone(), text.clone())),
            (Some('?'), Some(_)) => drop(text.next()),
            (Some(wanted), Some(found)) if wanted == found => drop(text.next()),
            (None, None) => return true,
            _ => {
                let Some((after_star, mut from)) = retry.take() else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), from.clone());
                retry = Some((after_star, from));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, text) in [
            ("", ""),
            ("a.b", "a.b"),
            ("*", ""),
            ("*", "anything"),
            ("process.*", "process.pid"),
            ("*.name", "host.name"),
            ("a*b*c", "a-b-b-c"),
            ("?", "ä"),
            ("4??", "404"),
            ("**a", "ba"),
            ("*aab", "aaaaab"),
            ("user.*", "user."),
            ("a*b*c", "abc"),
            ("**", "anything"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", "A"),
            ("?", ""),
            ("process.*", "process"),
            ("a*b", "a-b-c"),
            ("4??", "40"),
            ("*aab", "aaaaa"),
            ("tenant", "tenants"),
            ("*.id", "user.id.x"),
            ("a*", ""),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let text = "a".repeat(5_000);
        let pattern = "*a".repeat(50) + "b";
        assert!(!matches(&pattern, &text));
    }
}
