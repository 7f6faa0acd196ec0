//! `service.instance.id`: tells the instances of a service apart.
//!
//! Random, and new for each process generation, so that a forked child is another instance than its parent.
//!
//! Source: semantic conventions 1.44, "Service".

use super::Resource;

pub(super) fn detect(found: &mut Resource, random: u128) {
    found.put_text("service.instance.id", &uuid(random));
}

/// Random bits as a version 4 UUID (RFC 9562, section 5.4).
fn uuid(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let id = (random & !VERSION & !VARIANT) | (4 << 76) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        (id >> 80) & 0xffff,
        (id >> 64) & 0xffff,
        (id >> 48) & 0xffff,
        id & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_is_a_version_4_uuid_of_the_random_bits() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            uuid(0x01234567_89ab_cdef_0123_456789abcdef),
            "01234567-89ab-4def-8123-456789abcdef"
        );
    }
}
