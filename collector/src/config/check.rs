//! Finds the mistakes in a configuration before anything connects.

use std::collections::HashSet;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use settings::{Mistakes, is_secret};
use url::Url;

use crate::config::{Config, Paths, SinkKind, Site};

/// Smallest sensible values: below them nothing could be taken in.
const WINDOW_BYTES_MIN: usize = 1024 * 1024;
const HEADER_BYTES_MIN: usize = 8 * 1024;
const RECORD_BYTES_MIN: usize = 64 * 1024;
/// Longest wait that still answers before browsers and load balancers give up.
const TIMEOUT_MS_MAX: u64 = 300_000;
/// `site_id` is part of record keys, object keys and table partitions.
const SITE_ID_BYTES_MAX: usize = 64;

/// Appends one line for each mistake: the setting, its value, and what would be right.
pub(super) fn check(config: &Config, mistakes: &mut Mistakes) {
    check_sites(&config.sites, mistakes);
    check_limits(config, mistakes);
    check_paths(config, mistakes);
    if config.sink == SinkKind::Kafka {
        check_kafka(config, mistakes);
    }
}

fn check_sites(sites: &[Site], mistakes: &mut Mistakes) {
    if sites.is_empty() {
        mistakes.at(
            "sites",
            ": there is none, so no key would be taken; add [[sites]] with site_id, write_key and allowed_origins",
        );
    }
    let mut keys = HashSet::new();
    for (index, site) in sites.iter().enumerate() {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if site.site_id.is_empty() || site.site_id.len() > SITE_ID_BYTES_MAX || !site.site_id.chars().all(allowed) {
            mistakes.at(
                &format!("sites.{index}.site_id"),
                format!(
                    " = {:?}: use 1 to {SITE_ID_BYTES_MAX} letters, digits, dots, dashes and underscores",
                    site.site_id
                ),
            );
        }
        if site.write_key.is_empty() || !site.write_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            mistakes.at(
                &format!("sites.{index}.write_key"),
                format!(" (of {:?}): use visible ASCII characters, at least one", site.site_id),
            );
        } else if !keys.insert(&site.write_key) {
            mistakes.at(
                &format!("sites.{index}.write_key"),
                format!(" (of {:?}): another site has the same key", site.site_id),
            );
        }
        for origin in &site.allowed_origins {
            let parsed = Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if parsed.as_deref() != Ok(origin) || origin == "null" {
                mistakes.at(
                    &format!("sites.{index}.allowed_origins"),
                    format!(
                        ": {origin:?} is no origin; write scheme, host and port only, such as https://shop.example"
                    ),
                );
            }
        }
    }
}

fn check_limits(config: &Config, mistakes: &mut Mistakes) {
    let limits = &config.limits;
    for (name, value, least) in [
        ("connections_max", limits.connections_max, 1),
        ("header_bytes_max", limits.header_bytes_max, HEADER_BYTES_MIN),
        ("body_bytes_max", limits.body_bytes_max, 1),
        ("inflated_bytes_max", limits.inflated_bytes_max, limits.body_bytes_max),
        ("inflate_ratio_max", limits.inflate_ratio_max, 2),
        ("window_bytes_max", limits.window_bytes_max, WINDOW_BYTES_MIN.max(limits.batch_bytes_max())),
        ("window_requests_max", limits.window_requests_max, 1),
        ("record_bytes_max", limits.record_bytes_max, RECORD_BYTES_MIN),
    ] {
        if value < least {
            mistakes.at(&format!("limits.{name}"), format!(" = {value}: at least {least}"));
        }
    }
    for (name, value) in
        [("address_share_percent", limits.address_share_percent), ("key_share_percent", limits.key_share_percent)]
    {
        if !(1..=100).contains(&value) {
            mistakes.at(&format!("limits.{name}"), format!(" = {value}: from 1 to 100"));
        }
    }
    for (name, value) in [
        ("ack_timeout_ms", config.ack_timeout_ms),
        ("limits.header_timeout_ms", limits.header_timeout_ms),
        ("limits.body_timeout_ms", limits.body_timeout_ms),
        ("limits.write_timeout_ms", limits.write_timeout_ms),
        ("limits.patience_ms", limits.patience_ms),
        ("limits.drain_timeout_ms", limits.drain_timeout_ms),
    ] {
        if value == 0 || value > TIMEOUT_MS_MAX {
            mistakes.at(name, format!(" = {value}: from 1 to {TIMEOUT_MS_MAX}"));
        }
    }
}

fn check_paths(config: &Config, mistakes: &mut Mistakes) {
    let Paths { events, replay, sdk } = &config.paths;
    for (name, path) in [("events", events), ("replay", replay), ("sdk", sdk)] {
        let segments = path.strip_prefix('/').unwrap_or_default();
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        if segments.is_empty() || path.ends_with('/') || path.contains("//") || !segments.chars().all(plain) {
            mistakes.at(
                &format!("paths.{name}"),
                format!(" = {path:?}: write it like /v1/events, without a slash at the end"),
            );
        }
    }
    for (name, path, other) in [("sdk", sdk, events), ("replay", replay, events), ("sdk", sdk, replay)] {
        if path == other {
            let of = if other == events { "events" } else { "replay" };
            mistakes.at(&format!("paths.{name}"), format!(" = {path:?}: the same as paths.{of}"));
        }
    }
    if *events == format!("{replay}/have") {
        mistakes.at("paths.events", format!(" = {events:?}: questions about assets are asked there"));
    }
}

fn check_kafka(config: &Config, mistakes: &mut Mistakes) {
    let kafka = &config.kafka;
    if kafka.bootstrap.trim().is_empty() {
        mistakes.at("kafka.bootstrap", " is empty: write host:port of a broker");
    }
    for (name, topic) in [
        ("events_topic", &kafka.events_topic),
        ("replay_topic", &kafka.replay_topic),
        ("dead_letter_topic", &kafka.dead_letter_topic),
    ] {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if topic.is_empty() || topic.len() > 249 || !topic.chars().all(allowed) {
            mistakes.at(
                &format!("kafka.{name}"),
                format!(" = {topic:?}: Kafka takes 1 to 249 letters, digits, dots, dashes and underscores"),
            );
        }
    }
    if kafka.create_topics_partitions < 0 {
        mistakes.at("kafka.create_topics_partitions", format!(" = {}: 0 or more", kafka.create_topics_partitions));
    }
    for option in ["acks", "request.required.acks", "enable.idempotence"] {
        if kafka.options.contains_key(option) {
            mistakes.at(
                &format!("kafka.options.{option}"),
                ": not to be changed, since a 200 promises that the events are durable",
            );
        }
    }
    // Asks librdkafka, which connects to nothing; but it tells values, and loads plugins.
    let client: ClientConfig = kafka.options.clone().into_iter().filter(|(option, _)| !is_secret(option)).collect();
    if let Err(KafkaError::ClientConfig(_, reason, option, _)) = client.create_native_config() {
        mistakes.at(&format!("kafka.options.{option}"), format!(": {reason}"));
    }
    match Url::parse(&config.registry.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {}
        _ => mistakes.at("registry.url", format!(" = {:?}: write it like http://registry:8085", config.registry.url)),
    }
}
