//! Bodies of recordings, whatever they hold: their lengths add up or the body is refused, each header is taken or rejected with a
//! short reason, and a record is no longer than its frame may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schemas::replay::{
    Context, FRAMES_MAX, HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX, RECORD_OVERHEAD_BYTES_MAX, RawFrame, encode, frames, parse,
    parse_have,
};

/// Longest reason: it quotes what the sender sent.
const MESSAGE_BYTES_MAX: usize = 500;
/// Length fields of a frame.
const LENGTHS_BYTES: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    check_body(bytes);
    // The same as a header whose lengths are right, so that what is read behind them is reached.
    let header = &bytes[..bytes.len().min(HEADER_BYTES_MAX)];
    if !header.is_empty() {
        let framed = [&(header.len() as u32).to_le_bytes()[..], header, &1_u32.to_le_bytes(), b"x"].concat();
        assert_eq!(frames(&framed, PAYLOAD_BYTES_MAX).expect("right lengths").len(), 1);
        check_body(&framed);
    }
    if let Err(error) = parse_have(bytes) {
        assert!(error.message.len() <= MESSAGE_BYTES_MAX);
    }
});

fn check_body(body: &[u8]) {
    let found = match frames(body, PAYLOAD_BYTES_MAX) {
        Ok(found) => found,
        Err(error) => return assert!(error.message.len() <= MESSAGE_BYTES_MAX),
    };
    let total: usize = found.iter().map(|frame| frame.header.len() + frame.payload.len() + LENGTHS_BYTES).sum();
    assert_eq!(total, body.len());
    assert!((1..=FRAMES_MAX).contains(&found.len()));
    found.iter().for_each(check_frame);
}

fn check_frame(raw: &RawFrame) {
    match parse(raw) {
        Ok(frame) => {
            let mut record = Vec::new();
            encode(&mut record, 1, &Context { site_id: "shop", received_at: 1.0 }, &frame);
            assert!(record.len() <= raw.payload.len() + RECORD_OVERHEAD_BYTES_MAX);
        }
        Err(error) => assert!(!error.message.is_empty() && error.message.len() <= MESSAGE_BYTES_MAX),
    }
}
