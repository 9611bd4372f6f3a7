//! What a topic's records hold, and by which steps they become rows. All else (partitions, chains, flushing) is alike.

use std::sync::Arc;

use anyhow::Result;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;

use crate::config::Config;
use crate::kafka::decode::{DecodedPackages, PackageDecoder, Reject};
use crate::kafka::frames::Origin;
use crate::landing::LandingFile;
use crate::replay::{self, Checked};
use crate::sessionize::Sessions;
use crate::transform::Transform;
use crate::transform::referrer::OwnDomains;
use crate::transform::scrub::AllowedQueryKeys;

/// The decoder of a topic, and what follows it.
pub(crate) enum Content {
    /// Packages of events: transformed, assigned to sessions.
    Events { decoder: PackageDecoder, transform: Box<Transform> },
    /// Frames of recordings: checked, one row each. They belong to page views, and these to sessions.
    Replay { decoder: PackageDecoder },
}

/// What became of a batch of decoded records.
pub(crate) struct Rows {
    /// Landing rows; none where there are none.
    pub rows: Option<RecordBatch>,
    pub late: u64,
    pub duplicates: u64,
    /// Records that can be decoded and say what cannot be.
    pub rejects: Vec<Reject>,
}

impl Content {
    pub(crate) fn events(config: &Config) -> Self {
        let allowed = AllowedQueryKeys::new(config.query_keys_kept.clone());
        let transform = Transform::new(allowed, OwnDomains::new(&config.own_domains));
        Self::Events { decoder: PackageDecoder::default(), transform: Box::new(transform) }
    }

    pub(crate) fn replay() -> Self {
        Self::Replay { decoder: PackageDecoder::of_replay() }
    }

    pub(crate) fn decoder(&mut self) -> &mut PackageDecoder {
        match self {
            Self::Events { decoder, .. } | Self::Replay { decoder } => decoder,
        }
    }

    /// The landing rows of decoded records, which were read at `origins` of `partition`.
    pub(crate) fn rows(
        &mut self,
        batch: &DecodedPackages,
        partition: i32,
        origins: &[Origin],
        sessions: &mut Sessions,
    ) -> Result<Rows> {
        match self {
            Self::Events { transform, .. } => {
                let events = transform.transform(&batch.packages, partition, origins)?;
                if events.is_empty() {
                    return Ok(Rows { rows: None, late: 0, duplicates: 0, rejects: Vec::new() });
                }
                let assigned = sessions.assign(&events.keys)?;
                let (late, duplicates) = (assigned.late_total, assigned.duplicates_total);
                Ok(Rows { rows: Some(events.rows(assigned)?), late, duplicates, rejects: Vec::new() })
            }
            Self::Replay { .. } => {
                let Checked { rows, wrong } = replay::rows(&batch.packages, partition, origins)?;
                let rejects = wrong.into_iter().map(|(row, reason)| Reject { index: batch.indices[row], reason });
                Ok(Rows { rows, late: 0, duplicates: 0, rejects: rejects.collect() })
            }
        }
    }

    /// A file for rows of this schema.
    pub(crate) fn file(&self, schema: Arc<Schema>) -> Result<LandingFile> {
        match self {
            Self::Events { .. } => LandingFile::new(schema),
            Self::Replay { .. } => LandingFile::of_frames(schema),
        }
    }
}
