//! What the benchmarks share: the sink, CPU clocks, and the table.

pub mod clocks;
pub mod report;
pub mod sink;
