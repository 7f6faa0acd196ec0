//! A short stable hash, by which two services see whether they run the same policy.

/// FNV-1a, 32 bits, over `parts` in order; where one part ends and the next begins counts.
///
/// It stays the same across versions, machines and languages. It is no secret and protects none.
pub(crate) fn fnv1a(parts: &[&str]) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    // No UTF-8 text has the byte 0xff, so it can end a part.
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(OFFSET, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(fnv1a(&[]), 0x811c_9dc5);
        assert_eq!(fnv1a(&["tracecontext", "baggage"]), 0x165a_26dd);
    }

    #[test]
    fn the_border_between_parts_counts() {
        assert_ne!(fnv1a(&["ab", "c"]), fnv1a(&["a", "bc"]));
        assert_ne!(fnv1a(&["ab"]), fnv1a(&["ab", ""]));
    }
}
