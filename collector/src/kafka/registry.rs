//! Registers the schemas of the topics, or learns the ids that they already have. Once, at start: afterwards the ids are
//! known and a registry that is down has no effect.

use std::time::Duration;

use anyhow::{Context, bail};
use backon::{ConstantBuilder, Retryable};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, get_schema_by_subject, post_schema};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{SchemaType, SubjectNameStrategy, SuppliedSchema};
use schemas::topics;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::config::{Kafka, Registry};
use crate::kafka::records::SchemaIds;

/// Between two attempts at start.
const RETRY_MS: u64 = 500;
/// For one call.
const CALL_TIMEOUT_MS: u64 = 5_000;

/// Registers the three schemas; waits for the registry up to its `startup_timeout_ms`.
pub(crate) async fn schema_ids(registry: &Registry, kafka: &Kafka) -> anyhow::Result<SchemaIds> {
    let settings = settings(registry).with_context(|| format!("registry.url = {:?}", registry.url))?;
    let deadline = Instant::now() + Duration::from_millis(registry.startup_timeout_ms);
    let events = register(&settings, registry, &kafka.events_topic, topics::EVENTS_AVRO, deadline).await?;
    let dead_letter =
        register(&settings, registry, &kafka.dead_letter_topic, topics::DEAD_LETTER_AVRO, deadline).await?;
    let replay = register(&settings, registry, &kafka.replay_topic, topics::REPLAY_AVRO, deadline).await?;
    Ok(SchemaIds { events, replay, dead_letter })
}

fn settings(registry: &Registry) -> Result<SrSettings, SRCError> {
    let mut builder = SrSettings::new_builder(registry.url.trim_end_matches('/').to_owned());
    builder.set_timeout(Duration::from_millis(CALL_TIMEOUT_MS));
    if !registry.username.is_empty() {
        builder.set_basic_authorization(&registry.username, Some(&registry.password));
    }
    builder.build()
}

async fn register(
    settings: &SrSettings,
    registry: &Registry,
    topic: &str,
    schema: &str,
    deadline: Instant,
) -> anyhow::Result<u32> {
    let subject = topics::subject(topic);
    let post =
        || post_schema(settings, subject.clone(), SuppliedSchema::new(None, SchemaType::Avro, schema.to_owned()));
    let posted = post
        .retry(ConstantBuilder::new().with_delay(Duration::from_millis(RETRY_MS)).without_max_times())
        .when(|error| !is_refusal(error) && Instant::now() < deadline)
        .notify(|error, _| warn!(subject, %error, "registry: trying again"))
        .await;
    match posted {
        Ok(registered) => {
            info!(subject, id = registered.id, "schema registered");
            Ok(registered.id)
        }
        Err(error) if is_refusal(&error) => Err(refused(settings, topic, schema, &error).await),
        Err(error) => bail!(
            "registry unreachable: {} did not take subject {subject} within {} ms: {error}",
            registry.url,
            registry.startup_timeout_ms
        ),
    }
}

/// Whether the registry looked at the schema and said no: 409 for an incompatible one, 422 for a wrong one. The
/// converter names the status in its text only; `tests` hold the text.
fn is_refusal(error: &SRCError) -> bool {
    ["status 409", "status 422"].iter().any(|status| error.error.contains(status))
}

/// Names both schemas: the registry's and ours.
async fn refused(settings: &SrSettings, topic: &str, schema: &str, error: &SRCError) -> anyhow::Error {
    let strategy = SubjectNameStrategy::TopicNameStrategy(topic.to_owned(), false);
    let registered = match get_schema_by_subject(settings, &strategy).await {
        Ok(registered) => format!("id {}: {}", registered.id, registered.schema),
        Err(error) => format!("unknown ({error})"),
    };
    anyhow::anyhow!(
        "schema incompatible: the registry refuses the schema of {} ({}).\nregistered: {registered}\nours: {schema}",
        topics::subject(topic),
        error.cause.as_deref().unwrap_or(&error.error),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_refused_schema_is_told_from_a_registry_that_cannot_answer() {
        let server = testkit::registry::Registry::start(&[]).await;
        let registry = Registry { url: server.url(), startup_timeout_ms: 0, ..Registry::default() };
        let settings = settings(&registry).unwrap();
        for (status, expected) in [
            (409, "schema incompatible"),
            (422, "schema incompatible"),
            (401, "registry unreachable"),
            (404, "registry unreachable"),
            (429, "registry unreachable"),
            (500, "registry unreachable"),
            (503, "registry unreachable"),
        ] {
            server.answer_with(status);
            let told = register(&settings, &registry, "t", "{}", Instant::now()).await.unwrap_err().to_string();
            assert!(told.starts_with(expected), "{status}: {told}");
        }
        server.answer_with(200);
        register(&settings, &registry, "t", "{}", Instant::now()).await.unwrap();
    }
}
