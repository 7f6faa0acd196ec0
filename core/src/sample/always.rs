//! One verdict for all spans, whatever their parents; and nothing dropped.

use super::{Mask, Verdict};

/// What `always_on` says.
pub(super) const ON: Verdict = Verdict::Sample;
/// What `always_off` says.
pub(super) const OFF: Verdict = Verdict::Drop;

pub(super) const MASK: Mask = Mask {
    inheritable: true,
    needs_name_kind: false,
    needs_attributes: false,
};

/// What `AlwaysRecord` makes of a verdict: what would be dropped is recorded, and not exported.
pub(super) const fn recorded(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Drop => Verdict::RecordOnly,
        other => other,
    }
}
