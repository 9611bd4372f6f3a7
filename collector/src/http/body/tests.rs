use std::io::Write;

use super::*;
use crate::http::inflate::RATIO_FREE_BYTES;
use crate::places::Places;
use crate::places::shares;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("written to memory");
    encoder.finish().expect("written to memory")
}

fn inflated(body: Vec<u8>, encoding: Encoding) -> Result<Vec<u8>, &'static str> {
    let limits = Limits::default();
    let lost = prometheus::IntCounter::new("lost", "Lost places.").expect("a name");
    let place = Places::new(shares::window(&limits, 1), lost).enter([None, None]).expect("room");
    inflate(Bytes::from(body), encoding, &limits, &place).map(|body| body.to_vec()).map_err(|refusal| refusal.code())
}

#[test]
fn whole_streams_inflate() {
    assert_eq!(inflated(b"{}".to_vec(), Encoding::Identity), Ok(b"{}".to_vec()));
    assert_eq!(inflated(gzip(b"{}"), Encoding::Gzip), Ok(b"{}".to_vec()));
    let two_members = [gzip(b"{"), gzip(b"}")].concat();
    assert_eq!(inflated(two_members, Encoding::Gzip), Ok(b"{}".to_vec()));
    let long = vec![b' '; RATIO_FREE_BYTES];
    assert_eq!(inflated(gzip(&long), Encoding::Gzip), Ok(long.clone()));
    assert_eq!(inflated(zstd::encode_all(&long[..], 3).expect("zstd"), Encoding::Zstd), Ok(long));
}

#[test]
fn cut_and_damaged_streams_are_refused() {
    for (whole, encoding) in
        [(gzip(b"{\"a\":1}"), Encoding::Gzip), (zstd::encode_all(&b"{\"a\":1}"[..], 3).expect("zstd"), Encoding::Zstd)]
    {
        for cut in 1..whole.len() {
            assert_eq!(inflated(whole[..cut].to_vec(), encoding), Err("damaged_encoding"), "{encoding:?} cut at {cut}");
        }
        let garbage = [&whole[..], b"garbage"].concat();
        assert_eq!(inflated(garbage, encoding), Err("damaged_encoding"), "{encoding:?} with garbage behind");
    }
    assert_eq!(inflated(b"plain".to_vec(), Encoding::Gzip), Err("damaged_encoding"));
}

#[test]
fn what_a_body_inflates_to_is_charged() {
    let small = Limits { window_bytes_max: 150_000, inflated_bytes_max: 70_000, ..Limits::default() };
    let lost = prometheus::IntCounter::new("lost", "Lost places.").expect("a name");
    let window = Places::new(shares::window(&small, 1), lost);
    let place = window.enter([None, None]).expect("room");
    let inflated = |bytes| inflate(gzip(&vec![b' '; bytes]).into(), Encoding::Gzip, &Limits::default(), &place);
    assert_eq!(inflated(100_000).expect("room").len(), 100_000);
    assert_eq!(window.taken().bytes, 100_000);
    assert_eq!(inflated(60_000).expect_err("no room").code(), "window_full");
    drop(place);
    assert_eq!(window.taken().bytes, 0);
}

#[test]
fn bombs_are_refused() {
    let bomb = vec![b' '; 16 << 20];
    assert_eq!(inflated(gzip(&bomb), Encoding::Gzip), Err("inflated_too_large"));
    assert_eq!(inflated(zstd::encode_all(&bomb[..], 3).expect("zstd"), Encoding::Zstd), Err("inflated_too_large"));
}

#[test]
fn gzip_is_known_by_its_first_bytes() {
    assert_eq!(seen(Encoding::Identity, &gzip(b"{}")), Encoding::Gzip);
    assert_eq!(seen(Encoding::Gzip, &gzip(b"{}")), Encoding::Gzip);
    assert_eq!(seen(Encoding::Zstd, &gzip(b"{}")), Encoding::Zstd);
    for body in [&b"{}"[..], b"", b"\x1f", b"\x8b\x1f{}", b" \x1f\x8b"] {
        assert_eq!(seen(Encoding::Identity, body), Encoding::Identity, "{body:?}");
    }
}

#[test]
fn one_known_encoding_at_a_time() {
    let encoding_of = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, value.parse().expect("a value"));
        }
        encoding(&headers).map_err(|refusal| refusal.code())
    };
    assert_eq!(encoding_of(&[]), Ok(Encoding::Identity));
    assert_eq!(encoding_of(&["GZIP"]), Ok(Encoding::Gzip));
    assert_eq!(encoding_of(&["zstd"]), Ok(Encoding::Zstd));
    for values in [&["br"][..], &["gzip, gzip"], &["gzip", "gzip"], &["identity", "gzip"]] {
        assert_eq!(encoding_of(values), Err("unsupported_encoding"), "{values:?}");
    }
}
