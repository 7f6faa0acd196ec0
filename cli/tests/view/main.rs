//! `polyspan view` as its users meet it: the real binary, real sockets, real signals.

mod print;
mod receive;
mod support;
