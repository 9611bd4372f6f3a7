//! How bodies are compressed.

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::traffic::Batch;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// `Content-Encoding` of the posted bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    #[default]
    Identity,
    /// As browsers do (`CompressionStream`).
    Gzip,
    Zstd,
}

impl Encoding {
    /// The header's value; `None` for identity.
    pub fn header(self) -> Option<&'static str> {
        match self {
            Encoding::Identity => None,
            Encoding::Gzip => Some("gzip"),
            Encoding::Zstd => Some("zstd"),
        }
    }

    /// The batch with its body compressed.
    pub fn encode(self, batch: Batch) -> Result<Batch> {
        let body = match self {
            Encoding::Identity => return Ok(batch),
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(&batch.body)?;
                encoder.finish()?
            }
            Encoding::Zstd => zstd::bulk::compress(&batch.body, ZSTD_LEVEL)?,
        };
        Ok(Batch { body: body.into(), ..batch })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::traffic::{Profile, Traffic};

    #[test]
    fn what_is_compressed_comes_back() {
        let batch = Traffic::new(1, Profile::plain(1.8e12, 50)).next().unwrap();
        let gzip = Encoding::Gzip.encode(batch.clone()).unwrap();
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(gzip.body.as_ref()).read_to_end(&mut text).unwrap();
        assert_eq!(text, batch.body);
        let zstd = Encoding::Zstd.encode(batch.clone()).unwrap();
        assert_eq!(zstd::decode_all(zstd.body.as_ref()).unwrap(), batch.body);
    }
}
