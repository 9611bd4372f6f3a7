//! Scrubbing any text: no crash, bounded output and time, and nothing left that a second scrubbing would change.
#![no_main]

use std::hint::black_box;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;

// The module alone: the whole stream job would bring a Kafka client to be built with the sanitizer.
#[allow(dead_code)]
#[path = "../../stream-jobs/src/transform/scrub/mod.rs"]
mod scrub;

use scrub::{AllowedQueryKeys, GROWTH_MAX, host_and_path, mask_into};

/// Most time for a byte, whatever the text. Builds for fuzzing are optimised, and the sanitizer takes that back.
const NS_A_BYTE_MAX: u128 = 1_000;
/// A text is repeated up to this length before it is timed, so that one call takes longer than the clock is coarse.
const TIMED_BYTES: usize = 32 * 1024;
/// The fastest of so many counts: what else the machine does only ever adds.
const ATTEMPTS_MAX: usize = 20;

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
            assert_fast(&text.repeat(TIMED_BYTES.div_ceil(text.len())), |text| clean(text, &allowed));
        }
    }
});

fn assert_fast(text: &str, clean: impl Fn(&str) -> String) {
    let mut fastest = Duration::MAX;
    for _ in 0..ATTEMPTS_MAX {
        let began = Instant::now();
        black_box(clean(text));
        fastest = fastest.min(began.elapsed());
        if fastest.as_nanos() <= NS_A_BYTE_MAX * text.len() as u128 {
            return;
        }
    }
    panic!("{fastest:?} for {} bytes", text.len());
}
