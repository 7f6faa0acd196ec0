//! Components of a file that polyspan has only one of: batch processors share a queue, periodic readers a timer.

use super::reader::{At, Reader};

/// What components of one kind share.
pub(super) struct Shared {
    /// The components, with an article.
    pub(super) by: &'static str,
    /// What there is only one of.
    pub(super) what: &'static str,
    /// Keys of the components, the option that each sets, and which of several values suits all best.
    pub(super) settings: &'static [(&'static str, &'static str, Wish)],
}

/// Which of several values is taken.
#[derive(Clone, Copy)]
pub(super) enum Wish {
    Smallest,
    Largest,
}

impl Reader<'_> {
    /// Sets what several components ask for as far as one can have it: exported at least as often as each wants.
    pub(super) fn share(&mut self, shared: &Shared, components: &[At<'_>]) {
        for (key, option, wish) in shared.settings {
            let components = components.iter();
            let set: Vec<_> = components.filter_map(|one| one.some(key)).collect();
            let amount = |at: &&At<'_>| at.whole();
            let chosen = match wish {
                Wish::Smallest => set.iter().min_by_key(amount),
                Wish::Largest => set.iter().max_by_key(amount),
            };
            self.put(option, chosen.cloned());
            if set
                .windows(2)
                .any(|pair| pair[0].whole() != pair[1].whole())
            {
                let value = chosen.and_then(At::whole).unwrap_or_default();
                let Shared { by, what, .. } = shared;
                let warning = format!(
                    "{}: {by} differ in {key}, and share {what}; using {value} for all",
                    self.file
                );
                self.config.problems.warn("config_file", warning);
            }
        }
    }
}
