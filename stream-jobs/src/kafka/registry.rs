//! The schema registry, by its Confluent endpoints.

use std::time::Duration;

use anyhow::{Context, Result};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, get_schema_by_id, post_schema};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{SchemaType, SuppliedSchema};
use schemas::topics::{DEAD_LETTER_AVRO, subject};
use thiserror::Error;

/// A registry answers from memory; longer means that it is down.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The registry cannot answer now. Waiting helps; the records are not at fault.
#[derive(Debug, Error)]
#[error("the schema registry at {url} cannot be reached: {reason}")]
pub(crate) struct Unreachable {
    url: String,
    reason: String,
}

/// A client.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    url: String,
    settings: SrSettings,
}

impl Registry {
    /// `url` is the base of the Confluent API, such as `http://127.0.0.1:8085` or `…/apis/ccompat/v7`.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let mut settings = SrSettings::new_builder(url.clone());
        let settings = settings.set_timeout(REQUEST_TIMEOUT).build().context("the registry client cannot be built")?;
        Ok(Self { url, settings })
    }

    /// The schema with this id; `None` when the registry answers that it knows none.
    pub(crate) async fn schema(&self, id: u32) -> Result<Option<String>, Unreachable> {
        match get_schema_by_id(id, &self.settings).await {
            Ok(registered) => Ok(Some(registered.schema)),
            Err(error) if is_not_found(&error) => Ok(None),
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    /// Registers the bundled dead-letter schema for `topic` (which it may be already) and gives its id.
    pub(crate) async fn register_dead_letter(&self, topic: &str) -> Result<u32, Unreachable> {
        let name = "telemetry.dead_letter.DeadLetter".to_owned();
        let schema = SuppliedSchema::new(Some(name), SchemaType::Avro, DEAD_LETTER_AVRO.to_owned());
        match post_schema(&self.settings, subject(topic), schema).await {
            Ok(registered) => Ok(registered.id),
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    fn unreachable(&self, error: &SRCError) -> Unreachable {
        let cause = error.cause.as_deref().unwrap_or("no further reason");
        Unreachable { url: self.url.clone(), reason: format!("{}: {cause}", error.error) }
    }
}

/// The converter names the status in its text only; `tests` hold the text.
fn is_not_found(error: &SRCError) -> bool {
    error.error.contains("status 404")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_schema_that_is_not_there_is_told_from_a_registry_that_cannot_answer() {
        let server = testkit::registry::Registry::start(&[(7, "{}")]).await;
        for (status, known, unknown) in [
            (200, Some(Some("{}")), Some(None)),
            (404, Some(None), Some(None)),
            (401, None, None),
            (408, None, None),
            (429, None, None),
            (500, None, None),
            (503, None, None),
        ] {
            server.answer_with(status);
            // Without what the client remembers.
            let registry = Registry::new(&server.url()).unwrap();
            for (id, expected) in [(7, known), (8, unknown)] {
                let answer = registry.schema(id).await.ok();
                assert_eq!(answer.as_ref().map(|schema| schema.as_deref()), expected, "{status} for {id}");
            }
        }
        let nobody = Registry::new("http://127.0.0.1:9").unwrap();
        assert!(nobody.schema(7).await.is_err());
    }
}
