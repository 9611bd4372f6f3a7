//! The whole collector from outside: real sockets, librdkafka's mock broker, a registry of a few lines.

mod answers;
mod drain;
mod faults;
mod heads;
mod hints;
mod limits;
mod origins;
mod peers;
mod replay;
mod shares;
mod support;
