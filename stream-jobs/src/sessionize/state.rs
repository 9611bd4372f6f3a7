//! The state as bytes: a version byte, then zstd (with its checksum) over postcard.

use std::io::{Read, Write};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::visitor::Visitor;

/// First byte of a state file; a file of another layout is refused, never guessed at.
const LAYOUT: u8 = 1;
/// States are written every few seconds and read once: speed before size.
const ZSTD_LEVEL: i32 = 1;

/// All visitors (a snapshot) or those touched since the link before (a delta), by ascending key.
#[derive(Serialize, Deserialize)]
pub(super) struct StateFile {
    /// Newest event time of the partition.
    pub newest: Option<i64>,
    pub visitors: Vec<([u8; 16], Visitor)>,
}

/// The same with borrowed visitors; writes the same bytes.
#[derive(Serialize)]
pub(super) struct StateFileRef<'a> {
    pub newest: Option<i64>,
    pub visitors: Vec<([u8; 16], &'a Visitor)>,
}

impl StateFileRef<'_> {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        let plain = postcard::to_allocvec(self).context("the state cannot be written")?;
        let mut encoder = zstd::Encoder::new(vec![LAYOUT], ZSTD_LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.write_all(&plain)?;
        Ok(encoder.finish()?)
    }
}

impl StateFile {
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Some((layout, compressed)) = bytes.split_first() else { bail!("the state file is empty") };
        if *layout != LAYOUT {
            bail!("the state file has layout {layout}, this program reads layout {LAYOUT}");
        }
        let mut plain = Vec::new();
        zstd::Decoder::new(compressed)?.read_to_end(&mut plain).context("the state file is damaged")?;
        postcard::from_bytes(&plain).context("the state file is damaged")
    }
}
