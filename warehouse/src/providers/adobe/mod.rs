//! Adobe's data feed: `hit_data.tsv`, with `column_headers.tsv` and look-ups beside it or given as well.

mod feed;
mod hit;

use std::path::{Path, PathBuf};

use super::lines::{Breaks, Lines, too_long};
use super::sink::Sink;
use super::source::open;
use feed::Feed;
pub(super) use feed::is_side_file;
use hit::{Hit, Reader};

/// Reads a file's hits. `sides` are the headers and look-ups that were given; those beside the file are found.
pub(super) fn read(path: &Path, sides: &[&PathBuf], sink: &mut Sink) -> anyhow::Result<()> {
    let feed = Feed::of(path, sides)?;
    let reader = Reader::new(&feed);
    let mut lines = Lines::new(open(path, &sink.counts.read)?, Breaks::Escaped);
    while let Some(line) = lines.next()? {
        if line.too_long {
            sink.reject(line.number, &too_long(), line.bytes);
            continue;
        }
        match reader.read(line.bytes) {
            Ok(Hit::Counted(record, identity)) => sink.take(line.number, line.bytes.len(), record, identity)?,
            Ok(Hit::Excluded) => sink.exclude(),
            Err(reason) => sink.reject(line.number, &reason, line.bytes),
        }
    }
    Ok(())
}
