//! Avro's binary encoding, written straight into a byte buffer, and Confluent's frame around it.
//!
//! Only what the project's schemas use: the edge encodes every event of every visitor, so nothing may stand between
//! the typed value and the bytes.

/// First byte of a Confluent frame.
pub const FRAME_MAGIC: u8 = 0;
/// Length of a Confluent frame's head: the magic byte and a 4-byte big-endian schema id.
pub const FRAME_HEAD_BYTES: usize = 5;

/// Index of `null` in a union of null and something else, as every optional field here has it.
const NULL_BRANCH: i64 = 0;
const VALUE_BRANCH: i64 = 1;

/// Confluent's head, before a record of the schema with that id.
pub fn frame(out: &mut Vec<u8>, schema_id: u32) {
    out.push(FRAME_MAGIC);
    out.extend_from_slice(&schema_id.to_be_bytes());
}

/// An `int` or `long`: zigzag, seven bits a byte, lowest first.
pub fn long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// A `double`: eight bytes, little-endian.
pub fn double(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// A `boolean`: one byte.
pub fn boolean(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// `bytes`: their length, then themselves.
pub fn bytes(out: &mut Vec<u8>, value: &[u8]) {
    length(out, value.len());
    out.extend_from_slice(value);
}

/// A `string`: its length in bytes, then UTF-8.
pub fn string(out: &mut Vec<u8>, value: &str) {
    bytes(out, value.as_bytes());
}

/// An array of doubles.
pub fn doubles(out: &mut Vec<u8>, values: &[f64]) {
    array_start(out, values.len());
    for value in values {
        double(out, *value);
    }
    array_end(out);
}

/// Opens an array whose `count` items follow in one block.
pub fn array_start(out: &mut Vec<u8>, count: usize) {
    if count > 0 {
        length(out, count);
    }
}

/// Closes an array. (An empty one is the closing zero alone.)
pub fn array_end(out: &mut Vec<u8>) {
    out.push(0);
}

/// A union of null and something else.
pub fn optional<T>(out: &mut Vec<u8>, value: Option<T>, write: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        None => long(out, NULL_BRANCH),
        Some(value) => {
            long(out, VALUE_BRANCH);
            write(out, value);
        }
    }
}

fn length(out: &mut Vec<u8>, length: usize) {
    long(out, i64::try_from(length).expect("no buffer in memory is longer than i64::MAX"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    #[test]
    fn longs_as_in_the_avro_specification() {
        for (value, expected) in [(0, vec![0]), (-1, vec![1]), (1, vec![2]), (-64, vec![0x7f]), (64, vec![0x80, 1])] {
            assert_eq!(written(|out| long(out, value)), expected, "{value}");
        }
        assert_eq!(written(|out| long(out, i64::MIN)).len(), 10);
        assert_eq!(written(|out| long(out, i64::MAX)).len(), 10);
    }

    #[test]
    fn strings_arrays_and_unions() {
        assert_eq!(written(|out| string(out, "foo")), b"\x06foo");
        assert_eq!(written(|out| doubles(out, &[])), [0]);
        assert_eq!(written(|out| doubles(out, &[0.0]))[0], 2);
        assert_eq!(written(|out| optional(out, None::<&str>, string)), [0]);
        assert_eq!(written(|out| optional(out, Some("a"), string)), b"\x02\x02a");
    }

    #[test]
    fn a_frame_names_its_schema() {
        assert_eq!(written(|out| frame(out, 0x0102_0304)), [0, 1, 2, 3, 4]);
    }
}
