//! Rows of a text file, each of bounded length.

use std::io::{BufRead, Read};

use crate::limits::IMPORT_ROW_BYTES_MAX;

/// Pieces in which a row that is too long is passed over.
const PIECE_BYTES: usize = 64 << 10;

/// Why a row that is too long is rejected.
pub(super) fn too_long() -> String {
    format!("longer than {IMPORT_ROW_BYTES_MAX} bytes")
}

/// What a row may have in it, beside its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breaks {
    /// No line break.
    None,
    /// Line breaks after a backslash (Adobe's feed).
    Escaped,
    /// Line breaks between quotation marks (CSV, RFC 4180).
    Quoted,
}

/// The rows of a file, in their order.
pub(super) struct Lines<R> {
    source: R,
    breaks: Breaks,
    bytes: Vec<u8>,
    /// Lines that were read.
    count: u64,
}

/// One row, without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Number of its first line, from 1.
    pub number: u64,
    pub bytes: &'a [u8],
    /// It was longer, and `bytes` are its first ones.
    pub too_long: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R, breaks: Breaks) -> Self {
        Self { source, breaks, bytes: Vec::new(), count: 0 }
    }

    /// The next row that is not empty.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        loop {
            let number = self.count + 1;
            self.bytes.clear();
            let too_long = self.read()?;
            if self.bytes.is_empty() {
                return Ok(None);
            }
            if self.trimmed() > 0 {
                let end = self.trimmed();
                return Ok(Some(Line { number, bytes: &self.bytes[..end], too_long }));
            }
        }
    }

    /// Reads a row with its line break; says whether it was too long.
    fn read(&mut self) -> std::io::Result<bool> {
        let mut quotes = 0;
        loop {
            let before = self.bytes.len();
            let left = (IMPORT_ROW_BYTES_MAX + 1).saturating_sub(before);
            self.source.by_ref().take(left as u64).read_until(b'\n', &mut self.bytes)?;
            let Some(line) = self.bytes.get(before..).filter(|line| !line.is_empty()) else { return Ok(false) };
            self.count += 1;
            let Some(line) = line.strip_suffix(b"\n") else {
                // The end of the file, or of what a row may take.
                let too_long = self.bytes.len() > IMPORT_ROW_BYTES_MAX;
                if too_long {
                    self.pass_over()?;
                }
                return Ok(too_long);
            };
            quotes += line.iter().filter(|byte| **byte == b'"').count();
            let whole = match self.breaks {
                Breaks::None => true,
                Breaks::Escaped => line.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0,
                Breaks::Quoted => quotes % 2 == 0,
            };
            if whole || self.bytes.len() > IMPORT_ROW_BYTES_MAX {
                return Ok(!whole);
            }
        }
    }

    /// The rest of a line. What follows an escaped or quoted line break in it is taken for a row, and is none.
    fn pass_over(&mut self) -> std::io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        loop {
            piece.clear();
            let read = self.source.by_ref().take(PIECE_BYTES as u64).read_until(b'\n', &mut piece)?;
            if read == 0 || piece.ends_with(b"\n") {
                return Ok(());
            }
        }
    }

    /// Its length without the line break.
    fn trimmed(&self) -> usize {
        let line = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        line.strip_suffix(b"\r").unwrap_or(line).len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8], breaks: Breaks) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::new(text, breaks);
        let mut rows = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            rows.push((line.number, String::from_utf8_lossy(line.bytes).into_owned(), line.too_long));
        }
        rows
    }

    fn row(number: u64, text: &str) -> (u64, String, bool) {
        (number, text.to_owned(), false)
    }

    #[test]
    fn a_row_ends_at_a_line_break_that_is_its_own() {
        assert_eq!(rows(b"a\r\n\nb", Breaks::None), [row(1, "a"), row(3, "b")]);
        assert_eq!(rows(b"a\\\nb\\\\\nc\n", Breaks::Escaped), [row(1, "a\\\nb\\\\"), row(3, "c")]);
        assert_eq!(rows(b"\"a\n\"\"b\",c\nd\n", Breaks::Quoted), [row(1, "\"a\n\"\"b\",c"), row(3, "d")]);
        assert_eq!(rows(b"a\\\n", Breaks::Escaped), [row(1, "a\\")], "the file ends in mid row");
        assert_eq!(rows(b"", Breaks::None), []);
    }

    #[test]
    fn a_row_that_is_too_long_is_cut_and_the_next_one_is_read() {
        for (length, too_long) in [(IMPORT_ROW_BYTES_MAX, false), (IMPORT_ROW_BYTES_MAX + 1, true), (5 << 20, true)] {
            let mut text = vec![b'x'; length];
            text.extend(b"\nnext\n");
            let rows = rows(&text, Breaks::None);
            assert_eq!((rows.len(), rows[0].2), (2, too_long), "{length}");
            assert_eq!(rows[1], row(2, "next"));
        }
        // A quotation mark that is never closed takes no more than a row may.
        let mut text = b"\"".to_vec();
        text.extend(b"a,b\n".repeat(IMPORT_ROW_BYTES_MAX));
        let rows = rows(&text, Breaks::Quoted);
        assert!(rows[0].2 && rows[0].1.len() <= IMPORT_ROW_BYTES_MAX + 1 && rows[1].1 == "a,b");
    }
}
