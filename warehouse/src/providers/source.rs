//! A file of an export, read from its beginning to its end, compressed or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use flate2::bufread::MultiGzDecoder;

/// Read from disk at once, and looked at to tell what a file is.
const BUFFER_BYTES: usize = 64 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Where a tar archive says that it is one, and how (POSIX ustar).
const TAR: (usize, &[u8]) = (257, b"ustar");
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Opens a file, unpacks gzip by its first bytes, and leaves a byte order mark out. `read` counts the bytes that came from disk.
pub(super) fn open(path: &Path, read: &Arc<AtomicU64>) -> anyhow::Result<Box<dyn BufRead>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut plain = BufReader::with_capacity(BUFFER_BYTES, Counted { file, read: read.clone() });
    let packed = peek(&mut plain, path)?.starts_with(&GZIP);
    let mut source: Box<dyn BufRead> = match packed {
        true => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(plain))),
        false => Box::new(plain),
    };
    let start = peek(&mut source, path)?;
    if start.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) {
        bail!("{} is an archive: unpack it (tar -xf), and give the files that are in it", path.display());
    }
    if start.starts_with(BYTE_ORDER_MARK) {
        source.consume(BYTE_ORDER_MARK.len());
    }
    Ok(source)
}

/// What comes next, as far as it is there.
pub(super) fn peek<'a>(source: &'a mut impl BufRead, path: &Path) -> anyhow::Result<&'a [u8]> {
    source.fill_buf().with_context(|| format!("cannot read {}", path.display()))
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.file.read(buffer)?;
        self.read.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
