//! What goes to a client, in large writes. One that does not read is left after a while.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::limits::{POSTGRES_BUFFER_BYTES, POSTGRES_WRITE_MAX};

/// Messages on their way to the client.
pub(super) struct Out {
    stream: Box<dyn AsyncWrite + Unpin + Send + Sync>,
    buffer: Vec<u8>,
}

impl Out {
    pub(super) fn new(stream: impl AsyncWrite + Unpin + Send + Sync + 'static) -> Self {
        Self { stream: Box::new(stream), buffer: Vec::new() }
    }

    pub(super) async fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= POSTGRES_BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let written = timeout(POSTGRES_WRITE_MAX, async {
            self.stream.write_all(&self.buffer).await?;
            self.stream.flush().await
        });
        written.await.map_err(|_| io::Error::other("the client does not read"))??;
        self.buffer.clear();
        Ok(())
    }
}
