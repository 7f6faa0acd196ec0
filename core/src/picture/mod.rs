//! Draws traces as text, for the console exporter and for `polyspan view`.

mod text;
mod tree;

pub use text::{clean, count, duration};
pub use tree::{Node, Place, Row, rows};
