//! A smoke run of every fuzz target on stable: the corpus as it is, and mutations of it that are the same each time.

use super::*;
use std::path::{Path, PathBuf};

/// Mutations per target. All of them together take some seconds in a debug build.
const MUTATIONS: usize = 4000;
/// Most bytes of a mutated input.
const MOST: usize = 64 * 1024;

/// Numbers that only look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// One step away from `input`: bytes changed, inserted, removed or repeated, or its end taken from `other`.
    fn mutate(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        const TELLING: &[u8] = b"\0\x01\x7f\x80\xff,;:=%-\n\"{}[]0aZ ";
        let at = self.below(input.len() + 1);
        let length = 1 + self.below(16);
        let end = (at + length).min(input.len());
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = TELLING[self.below(TELLING.len())],
            2 => input.insert(at, TELLING[self.below(TELLING.len())]),
            3 => drop(input.drain(at..end)),
            4 => {
                let times = 1 + self.below(64);
                let repeated = input[at..end].repeat(times);
                input.splice(at..at, repeated);
            }
            5 => {
                input.truncate(at);
                input.extend_from_slice(&other[self.below(other.len() + 1)..]);
            }
            _ => input.truncate(at),
        }
        input.truncate(MOST);
    }
}

fn directory(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(target)
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(directory(target)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Runs a target and says which input it failed for, so that it can be put into the corpus.
fn run((name, target): Target, input: &[u8]) {
    if std::panic::catch_unwind(|| target(input)).is_err() {
        panic!("{name} fails for {:?}", input.escape_ascii().to_string());
    }
}

#[test]
fn every_target_survives_its_corpus_and_mutations_of_it() {
    for target in TARGETS {
        let seeds = corpus(target.0);
        assert!(seeds.len() >= 4, "{} has {} seeds", target.0, seeds.len());
        for seed in &seeds {
            run(target, seed);
        }
        run(target, b"");
        let mut numbers = Numbers(1);
        for _ in 0..MUTATIONS {
            let mut input = seeds[numbers.below(seeds.len())].clone();
            let other = &seeds[numbers.below(seeds.len())];
            for _ in 0..=numbers.below(6) {
                numbers.mutate(&mut input, other);
            }
            run(target, &input);
        }
    }
}

#[test]
fn every_target_can_be_run_by_libfuzzer() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
    let manifest = std::fs::read_to_string(targets.join("../Cargo.toml")).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(&targets)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut expected: Vec<_> = TARGETS
        .map(|(name, _)| targets.join(format!("{name}.rs")))
        .into();
    expected.sort();
    assert_eq!(files, expected);
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let source = std::fs::read_to_string(targets.join(format!("{name}.rs"))).unwrap();
        assert!(
            source.contains(&format!("polyspan::fuzz::{name}(")),
            "{source}"
        );
    }
}

/// A target that reads nothing of its seeds would survive anything.
#[test]
fn the_corpus_reaches_what_it_is_for() {
    let reaches = |target: &str, reached: &dyn Fn(&[u8]) -> bool| {
        let seeds = corpus(target);
        assert!(seeds.iter().any(|seed| reached(seed)), "{target}");
    };
    reaches("batch", &|seed| {
        open(seed).is_some_and(|batch| encode(&batch).spans > 1)
    });
    for propagator in Propagator::ALL {
        if *propagator != Propagator::Baggage {
            reaches("propagators", &|seed| reads(*propagator, seed));
        }
    }
    reaches("baggage", &|seed| {
        header::parse(String::from_utf8_lossy(seed).lines()).len() > 1
    });
    reaches("otlp_response", &|seed| {
        response::partial_success(seed).is_ok_and(|partial| partial.rejected > 0)
    });
    reaches("otlp_response", &|seed| response::refusal(seed).is_some());
    reaches("configuration", &|seed| {
        let (problems, made) = crate::config::fuzz_file(str::from_utf8(seed).unwrap());
        problems.is_empty() && made.contains("TraceIdRatioBased{0.25}")
    });
}

fn reads(propagator: Propagator, seed: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seed);
    let (_, text) = text.split_once('\0').unwrap_or_default();
    let headers: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    Propagators::new([propagator])
        .extract_from(&Pairs(&headers))
        .0
        .is_some()
}
