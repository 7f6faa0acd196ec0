//! What the benchmarks share: the competitors and their workload, the sink, CPU clocks, and the table.

pub mod allocations;
pub mod clocks;
pub mod competitor;
pub mod cost;
pub mod report;
pub mod sink;
pub mod workload;
