//! Looks for a text everywhere in a store: in raw bytes, in decompressed pages, in decoded values and in inflated recordings.
//!
//! Compression hides a text from a search of raw bytes, and an encoding that shares prefixes hides it from a search of
//! pages; a dictionary or a statistic may hold a value that no row has any more. So all of them are searched.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::payload_text::{PAYLOAD, Payloads};

/// What a search went through, and where it found the text.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub files: usize,
    pub parquet_files: usize,
    pub rows: usize,
    /// Recorded payloads, the parts joined, and how many of them had parts.
    pub payloads: usize,
    pub payloads_in_parts: usize,
    /// File and place of each hit.
    pub places: Vec<String>,
}

/// Searches every file below the folder, whatever its kind, without regard to case.
pub(crate) fn search_store(folder: &Path, text: &str) -> Found {
    let mut found = Found::default();
    let needle = text.to_lowercase();
    assert!(!needle.is_empty(), "an empty text is everywhere");
    let mut payloads = Payloads::default();
    for path in files_below(folder) {
        found.files += 1;
        // compaction may remove a file between the listing and the look
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if contains(&bytes, &needle) {
            found.places.push(format!("{}: raw bytes", path.display()));
        }
        if path.extension().is_some_and(|extension| extension == "parquet") {
            found.parquet_files += 1;
            search_parquet(&path, &needle, &mut payloads, &mut found);
        }
    }
    found.places.extend(payloads.places(|bytes| contains(bytes, &needle)));
    (found.payloads, found.payloads_in_parts) = payloads.count();
    found
}

fn search_parquet(path: &Path, needle: &str, payloads: &mut Payloads, found: &mut Found) {
    let open = || File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    search_pages(open(), path, needle, found);
    let reader = ParquetRecordBatchReaderBuilder::try_new(open())
        .and_then(|builder| builder.build())
        .unwrap_or_else(|error| panic!("{} is no Parquet file: {error}", path.display()));
    for batch in reader {
        let batch = batch.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        found.rows += batch.num_rows();
        payloads.take(path, &batch);
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            if matches!(column.data_type(), DataType::Binary | DataType::LargeBinary | DataType::BinaryView) {
                assert_eq!(field.name(), PAYLOAD, "bytes are shown as digits, in which no text is found");
            } else if values(column).any(|value| contains(value.as_bytes(), needle)) {
                found.places.push(format!("{}: values of {}", path.display(), field.name()));
            }
        }
    }
}

fn search_pages(file: File, path: &Path, needle: &str, found: &mut Found) {
    let reader = SerializedFileReader::new(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).expect("the group is within the file");
        for column in 0..group.num_columns() {
            let pages = group.get_column_page_reader(column).expect("the column is within the group");
            for page in pages {
                let page = page.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                if contains(page.buffer(), needle) {
                    let name = group.metadata().column(column).column_path().string();
                    found.places.push(format!("{}: a {} of {name}", path.display(), page.page_type()));
                }
            }
        }
    }
}

/// Each value as text: strings as they are, lists and structures with their members.
fn values(column: &dyn Array) -> impl Iterator<Item = String> + '_ {
    let formatter =
        ArrayFormatter::try_new(column, &FormatOptions::default()).expect("every type of ours can be shown");
    (0..column.len()).map(move |row| formatter.value(row).to_string())
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    let needle = needle.as_bytes();
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}
