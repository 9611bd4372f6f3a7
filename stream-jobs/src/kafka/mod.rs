//! What comes from Kafka and goes to it: the group, records and their schemas, dead letters.

pub mod dead_letters;
pub mod decode;
pub mod frames;
pub mod group;
pub mod registry;
