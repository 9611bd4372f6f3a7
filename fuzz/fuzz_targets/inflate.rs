//! Any bytes as a compressed body: inflated or refused, within the bounds and with all memory asked for; and what was
//! compressed comes back as it was.
#![no_main]

use std::cell::Cell;
use std::convert::Infallible;
use std::io::Write;

use libfuzzer_sys::fuzz_target;

// The module alone: the whole collector would bring a Kafka client to be built for the fuzzer.
#[allow(dead_code)]
#[path = "../../collector/src/http/inflate.rs"]
mod inflate;

use inflate::{Bounds, Encoding, Failure, RATIO_FREE_BYTES};

const BOUNDS: Bounds = Bounds { bytes_max: 2 * RATIO_FREE_BYTES, ratio_max: 100 };

fuzz_target!(|bytes: &[u8]| {
    for (encoding, packed) in [(Encoding::Gzip, gzip(bytes)), (Encoding::Zstd, zstd(bytes))] {
        drop(within_bounds(bytes, encoding));
        assert_eq!(within_bounds(&packed, encoding).as_deref(), Ok(bytes));
    }
});

fn within_bounds(body: &[u8], encoding: Encoding) -> Result<Vec<u8>, Failure<Infallible>> {
    let kept = Cell::new(0);
    let grow = |bytes: usize| {
        kept.set(kept.get() + bytes);
        Ok(())
    };
    let inflated = inflate::inflate(body, encoding, BOUNDS, grow);
    assert!(kept.get() <= BOUNDS.bytes_max);
    if let Ok(inflated) = &inflated {
        assert_eq!(inflated.len(), kept.get());
    }
    inflated
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("written to memory")
}
