//! Kafka topics, their schemas, and the record key.

/// The events, one package a record.
pub const EVENTS: &str = "telemetry.events";
/// DOM snapshots and mutations.
pub const REPLAY: &str = "telemetry.replay";
/// Whatever was refused, with its reason.
pub const DEAD_LETTER: &str = "telemetry.dead_letter";

/// Avro schema of a record in [`EVENTS`].
pub const EVENTS_AVRO: &str = include_str!("../avro/telemetry.events.avsc");
/// Avro schema of a record in [`REPLAY`].
pub const REPLAY_AVRO: &str = include_str!("../avro/telemetry.replay.avsc");
/// Avro schema of a record in [`DEAD_LETTER`].
pub const DEAD_LETTER_AVRO: &str = include_str!("../avro/telemetry.dead_letter.avsc");

/// Registry subject of a topic's values (Confluent's TopicNameStrategy).
pub fn subject(topic: &str) -> String {
    format!("{topic}-value")
}

/// Record key: all events of one visitor of one site stay in order in one partition.
pub fn record_key(site_id: &str, visitor_id: &str) -> String {
    format!("{site_id}/{visitor_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_valid_schema() {
        for schema in [EVENTS_AVRO, REPLAY_AVRO, DEAD_LETTER_AVRO] {
            apache_avro::Schema::parse_str(schema).expect("the bundled schema parses");
        }
    }

    #[test]
    fn the_records_of_every_older_schema_can_be_read() {
        let mut counts = [0, 0];
        for entry in std::fs::read_dir("avro/older").expect("a folder") {
            let path = entry.expect("a file").path();
            let of_replay = path.file_name().expect("a name").to_string_lossy().starts_with(REPLAY);
            let newest = apache_avro::Schema::parse_str(if of_replay { REPLAY_AVRO } else { EVENTS_AVRO });
            let newest = newest.expect("it parses");
            let older = std::fs::read_to_string(&path).expect("readable");
            let older = apache_avro::Schema::parse_str(&older).expect("it parses");
            let readable = apache_avro::schema_compatibility::SchemaCompatibility::can_read(&older, &newest);
            assert!(readable.is_ok(), "{}: {readable:?}", path.display());
            assert_ne!(older, newest, "{} is no older one", path.display());
            counts[usize::from(of_replay)] += 1;
        }
        assert_eq!(counts, [3, 1]);
    }

    #[test]
    fn subject_and_key_follow_the_contract() {
        assert_eq!(subject(EVENTS), "telemetry.events-value");
        assert_eq!(record_key("shop", "v1"), "shop/v1");
    }
}
