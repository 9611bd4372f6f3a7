//! What the command line shows of an answer, or of a failure.

use std::io::Write;

use anyhow::Context;
use datafusion::arrow::ipc::reader::StreamReader;

use crate::config::Format;
use crate::format::{self, Answer};
use crate::query::{Failure, Rows};
use crate::sql::{Reply, written};

/// Prints an answer that was asked in the form of this format: a table when it is whole, everything else as it comes.
pub(crate) async fn print_answer(reply: &mut Reply, format: Format) -> anyhow::Result<()> {
    if format == Format::Table {
        return print(format::table(&rows(reply).await?).as_bytes());
    }
    while let Some(bytes) = reply.next().await? {
        print(&bytes)?;
    }
    if format == Format::Json { print(b"\n") } else { Ok(()) }
}

/// Prints rows in the format, as [`print_answer`] does.
///
/// # Errors
/// When the rows end in a failure, or standard output cannot be written.
pub async fn print_rows(rows: Rows, format: Format) -> anyhow::Result<()> {
    if format == Format::Table {
        return print(format::table(&rows.all().await?).as_bytes());
    }
    written(&format.form(), rows, print).await?;
    if format == Format::Json { print(b"\n") } else { Ok(()) }
}

/// There is no log that could tell what stands behind a failure.
pub fn told(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<Failure>().map(|failure| (failure, failure.detail())) {
        Some((failure, Some(detail))) => anyhow::anyhow!("{failure} ({detail})"),
        _ => error,
    }
}

/// The rows of an answer in Arrow.
pub(crate) async fn rows(reply: &mut Reply) -> anyhow::Result<Answer> {
    let mut bytes = Vec::new();
    while let Some(more) = reply.next().await? {
        bytes.extend_from_slice(&more);
    }
    let reader = StreamReader::try_new(bytes.as_slice(), None).context("the answer")?;
    let schema = reader.schema();
    Ok(Answer { schema, batches: reader.collect::<Result<_, _>>().context("the answer")? })
}

pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().write_all(bytes) {
        // `… | head` is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(()),
    }
}
