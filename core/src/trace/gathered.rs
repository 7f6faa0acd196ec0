//! Attributes that come one by one, as the slice that spans take.

use super::Value;

/// As many as most spans and events have; more of them cost an allocation.
const FEW: usize = 16;

/// Calls `with` with all of `attributes`, which stand on the stack if they are few.
pub(crate) fn gathered<'k, 'v, R>(
    attributes: impl Iterator<Item = (&'k str, Value<'v>)>,
    with: impl FnOnce(&[(&'k str, Value<'v>)]) -> R,
) -> R {
    let mut few = [const { ("", Value::Empty) }; FEW];
    let mut count = 0;
    let mut attributes = attributes;
    while count < FEW {
        match attributes.next() {
            Some(attribute) => few[count] = attribute,
            None => return with(&few[..count]),
        }
        count += 1;
    }
    let Some(next) = attributes.next() else {
        return with(&few);
    };
    let mut many = Vec::from(few);
    many.push(next);
    many.extend(attributes);
    with(&many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_come_in_their_order() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 3 * FEW] {
            let numbers = (0..count).map(|number| ("n", Value::Int(number as i64)));
            let expected: Vec<_> = numbers.clone().collect();
            gathered(numbers, |all| assert_eq!(all, expected));
        }
    }
}
