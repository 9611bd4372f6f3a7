//! What comes from Kafka and goes to it: the group, records and their schemas, dead letters.

pub(crate) mod dead_letters;
pub(crate) mod decode;
pub(crate) mod frames;
pub(crate) mod group;
pub(crate) mod registry;
