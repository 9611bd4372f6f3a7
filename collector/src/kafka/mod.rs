//! What is produced, and what of Kafka and the registry must be there for it.

pub mod producer;
pub mod records;
pub mod registry;
pub mod sink;
pub mod watch;
