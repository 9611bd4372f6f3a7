//! Scrubbing any text: no crash, bounded output and time, and nothing left that a second scrubbing would change.
#![no_main]

use std::hint::black_box;
use std::time::Duration;
use std::{fs, thread};

use libfuzzer_sys::fuzz_target;

// The module alone: the whole stream job would bring a Kafka client to be built with the sanitizer.
#[allow(dead_code)]
#[path = "../../stream-jobs/src/transform/scrub/mod.rs"]
mod scrub;

use scrub::{AllowedQueryKeys, GROWTH_MAX, host_and_path, mask_into};

/// Most time for a byte, whatever the text …
const NS_A_BYTE_MAX: u128 = 1_000;
/// … unless a sanitizer makes everything slow: then a text that is 8 times as long may take so many times as long. Linear
/// work takes 8 times, quadratic work 64 times.
const TIMES_SLOWER_MAX: u32 = 24;
/// A text is repeated up to these lengths before it is timed, so that one call takes longer than the clock is coarse.
const TIMED_BYTES: [usize; 2] = [2 * 1024, 16 * 1024];
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
            let [short, long] = TIMED_BYTES.map(|bytes| text.repeat(bytes.div_ceil(text.len())));
            assert_fast(&short, &long, |text| clean(text, &allowed));
        }
    }
});

fn assert_fast(short: &str, long: &str, clean: impl Fn(&str) -> String) {
    let time = |text: &str| {
        let began = processor_time();
        black_box(clean(text));
        processor_time() - began
    };
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..ATTEMPTS_MAX {
        fastest = [fastest[0].min(time(short)), fastest[1].min(time(long))];
        let within = fastest[1].as_nanos() <= NS_A_BYTE_MAX * long.len() as u128;
        if within || fastest[1] <= fastest[0] * TIMES_SLOWER_MAX {
            return;
        }
    }
    panic!("{fastest:?} for {} and {} bytes", short.len(), long.len());
}

/// How long this thread was on a processor; other programs do not count. The kernel notes it when the thread leaves the
/// processor, so it leaves.
fn processor_time() -> Duration {
    thread::sleep(Duration::from_nanos(1));
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts a thread's time");
    let ns = text.split_whitespace().next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.expect("the time stands first"))
}
