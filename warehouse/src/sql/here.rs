//! Rows that this process has, as the bytes of an answer: what a cluster has computed needs no worker.

use super::encode::Encoder;
use super::protocol::Form;
use crate::query::Rows;

/// Hands out the bytes of the answer piece by piece, as its rows come.
pub(crate) async fn written(
    form: &Form,
    mut rows: Rows,
    mut piece: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut encoder = Encoder::new(form, rows.schema())?;
    while let Some(batch) = rows.next().await? {
        for part in encoder.parts(&batch) {
            encoder.add(&part)?;
            piece(&encoder.take())?;
        }
    }
    encoder.finish()?;
    piece(&encoder.take())
}
