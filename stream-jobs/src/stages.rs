//! The steps of a record's path one by one, for `benches/` and for tests of the whole path: nothing else calls them.

use anyhow::Result;
use arrow::record_batch::RecordBatch;
use schemas::topics::EVENTS_AVRO;

use crate::events::Events;
use crate::kafka::decode::{DecodedPackages, PackageDecoder};
use crate::kafka::frames::{Frames, Origin};
use crate::landing::LandingFile;
use crate::sessionize::Sessions;
use crate::transform::Transform;

/// Of every record that is handed in.
pub const SCHEMA_ID: u32 = 1;

/// A decoder and a transform whose caches are warm after the first call.
#[derive(Debug)]
pub struct Stages {
    decoder: PackageDecoder,
    transform: Transform,
}

/// Records as Kafka handed them over.
#[derive(Debug)]
pub struct Records(Frames);
/// Decoded packages.
#[derive(Debug)]
pub struct Packages(Vec<DecodedPackages>);
/// Flat events without sessions.
#[derive(Debug)]
pub struct Flat(Vec<Events>);

impl Default for Stages {
    fn default() -> Self {
        let mut decoder = PackageDecoder::default();
        decoder.learn(SCHEMA_ID, Some(EVENTS_AVRO.to_owned()));
        Self { decoder, transform: Transform::default() }
    }
}

impl Stages {
    pub fn records(payloads: &[Vec<u8>]) -> Records {
        let mut frames = Frames::default();
        for (offset, payload) in (0..).zip(payloads) {
            frames.push(Origin { offset, timestamp_ms: None }, Some(payload));
        }
        Records(frames)
    }

    pub fn decode(&mut self, records: &Records) -> Packages {
        Packages(self.decoder.decode(&records.0).batches)
    }

    /// # Errors
    /// Packages of another schema.
    pub fn transform(&mut self, records: &Records, packages: &Packages) -> Result<Flat> {
        let each = packages.0.iter().map(|batch| {
            let origins: Vec<_> = batch.indices.iter().map(|index| records.0.origin(*index)).collect();
            self.transform.transform(&batch.packages, 0, &origins)
        });
        Ok(Flat(each.collect::<Result<_>>()?))
    }

    /// Rows with sessions, as of a partition that knows no visitor yet.
    ///
    /// # Errors
    /// More visitors than a state holds.
    pub fn assign(flat: Flat) -> Result<Vec<RecordBatch>> {
        let mut sessions = Sessions::default();
        flat.0
            .into_iter()
            .map(|events| {
                let assigned = sessions.assign(&events.keys)?;
                events.rows(assigned)
            })
            .collect()
    }

    /// A landing file of the rows.
    ///
    /// # Errors
    /// Rows that Parquet does not take.
    pub fn append(rows: &[RecordBatch]) -> Result<Vec<u8>> {
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let mut file = LandingFile::new(first.schema())?;
        for rows in rows {
            file.append(rows)?;
        }
        Ok(file.finish()?.map_or_else(Vec::new, |file| file.bytes.to_vec()))
    }
}
