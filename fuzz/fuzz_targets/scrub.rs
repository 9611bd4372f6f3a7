//! Scrubbing any text: no crash, bounded output and time, and nothing left that a second scrubbing would change.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;

// The module alone: the whole stream job would bring a Kafka client to be built with the sanitizer.
#[allow(dead_code)]
#[path = "../../stream-jobs/src/transform/scrub/mod.rs"]
mod scrub;

#[allow(dead_code)]
#[path = "../../testkit/src/growth.rs"]
mod growth;

use growth::grows_too_fast;
use scrub::{AllowedQueryKeys, GROWTH_MAX, host_and_path, mask_into};

/// A text is repeated up to this length, at least, before it is timed, and sixteen times as often.
const SHORT_BYTES: usize = 256;

fuzz_target!(|text: &str| {
    let allowed = AllowedQueryKeys::default();
    let masked = |text: &str, _: &AllowedQueryKeys| {
        let mut clean = String::new();
        mask_into(text, &mut clean);
        clean
    };
    host_and_path(text);
    for clean in [scrub::scrub, scrub::scrub_text, masked] {
        let once = clean(text, &allowed);
        assert!(once.len() <= text.len() * GROWTH_MAX, "{} bytes of {}", once.len(), text.len());
        assert_eq!(clean(&once, &allowed), once, "scrubbed again");
        if !text.is_empty() {
            let short_bytes = text.len() * SHORT_BYTES.div_ceil(text.len());
            let repeated = |bytes: usize| text.repeat(bytes / text.len());
            let slow = grows_too_fast(short_bytes, repeated, |text| drop(black_box(clean(text, &allowed))));
            assert_eq!(slow, None);
        }
    }
});
