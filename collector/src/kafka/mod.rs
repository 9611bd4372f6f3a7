//! What is produced, and what of Kafka and the registry must be there for it.

pub(crate) mod producer;
pub(crate) mod records;
pub(crate) mod registry;
pub(crate) mod sink;
pub(crate) mod watch;
