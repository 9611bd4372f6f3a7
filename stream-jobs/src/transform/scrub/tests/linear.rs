//! Whatever the text: work that grows as its length does, output within its bound, and nothing left to scrub.

use std::time::Duration;
use std::{fs, thread};

use proptest::prelude::*;

use super::super::*;

/// What the grammar is made of: everything that begins, ends or looks like something that is scrubbed.
const FRAGMENTS: [&str; 54] = [
    "a@b.cc:",
    "a@b.cc",
    "eyJ",
    "eyJhbGciOiJIUzI1NiJ9.",
    "://",
    "https://",
    "http:",
    "@",
    "%40",
    "%2540",
    "%25",
    "%",
    "?",
    "=",
    "#",
    ";",
    "&",
    ":",
    "/",
    "\\",
    "//",
    "\"",
    "'",
    "`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    " ",
    "\n",
    "\t",
    "u:p@",
    "f@https://",
    "at f (",
    ":10:4",
    ":1",
    "token=",
    "jsessionid=",
    "#/",
    "#!/",
    "data:",
    "blob:",
    "mailto:",
    "utm_source=",
    "é",
    "x",
    "X1",
    "0123456789abcdef",
    "4111111111111111",
    "\0",
];

/// Shortest text that is timed, and how much longer the long one is: as long as the collector lets a string be, and more.
const SHORT_BYTES: usize = 1024;
const TIMES_LONGER: usize = 16;
/// Linear work takes 16 times as long and quadratic work 256 times: half way between them, by their ratio.
const TIMES_SLOWER_MAX: u32 = 64;
/// Most time for a byte, also of a build without optimisation.
const TIME_A_BYTE_MAX: Duration = Duration::from_micros(1);
/// A text is measured again until it is cheap enough, at most so often: what else the machine does only ever adds.
const ATTEMPTS_MAX: usize = 10;

fn hostile_text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(FRAGMENTS.as_slice()), 0..40).prop_map(|parts| parts.concat())
}

/// Fragments of which a text is made by repetition.
fn repeated(length: usize, parts: &[&str]) -> String {
    parts
        .iter()
        .copied()
        .cycle()
        .scan(0, |bytes, part| {
            *bytes += part.len();
            (*bytes <= length + part.len()).then_some(part)
        })
        .collect()
}

fn scrub_all(text: &str) {
    let allowed = AllowedQueryKeys::default();
    std::hint::black_box((scrub(text, &allowed), scrub_text(text, &allowed), host_and_path(text)));
}

/// How long this thread was on a processor; other programs do not count. The kernel notes it when the thread leaves the
/// processor, so it leaves.
fn processor_time() -> Duration {
    thread::sleep(Duration::from_nanos(1));
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts a thread's time");
    let ns = text.split_whitespace().next().and_then(|ns| ns.parse().ok());
    Duration::from_nanos(ns.expect("the time stands first"))
}

fn cost(text: &str) -> Duration {
    let began = processor_time();
    scrub_all(text);
    processor_time() - began
}

/// What is said of a text that takes more than its length allows.
fn too_slow(short: &str, long: &str) -> Option<String> {
    let (mut short_time, mut long_time) = (Duration::MAX, Duration::MAX);
    for _ in 0..ATTEMPTS_MAX {
        let (short_cost, long_cost) = (cost(short), cost(long));
        // What the kernel has not noted yet is no time of ours.
        if short_cost.is_zero() || long_cost.is_zero() {
            continue;
        }
        (short_time, long_time) = (short_time.min(short_cost), long_time.min(long_cost));
        let calls = 2; // both of an address and of a text
        if long_time <= short_time * TIMES_SLOWER_MAX && long_time <= TIME_A_BYTE_MAX * long.len() as u32 * calls {
            return None;
        }
    }
    Some(format!("{short_time:?} for {} bytes, {long_time:?} for {}: {short:.99}…", short.len(), long.len()))
}

fn too_slow_repeated(parts: &[&str]) -> Option<String> {
    too_slow(&repeated(SHORT_BYTES, parts), &repeated(SHORT_BYTES * TIMES_LONGER, parts))
}

#[test]
fn work_grows_as_the_text_does() {
    for part in FRAGMENTS {
        assert_eq!(too_slow_repeated(&[part]), None);
        assert_eq!(too_slow_repeated(&["\"", part, "x"]), None);
    }
    // The text that stopped landing: many addresses, each looked for anew, before a run that is nearly a token.
    let attack = |times: usize| format!("{}{}", "a@b.cc:".repeat(5 * times), "eyJ".repeat(259 * times));
    assert_eq!(too_slow(&attack(1), &attack(TIMES_LONGER)), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn work_grows_as_any_repeated_text_does(parts in prop::collection::vec(prop::sample::select(FRAGMENTS.as_slice()), 1..7)) {
        prop_assert_eq!(too_slow_repeated(&parts), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scrubbing_twice_changes_nothing_and_the_output_is_bounded(text in hostile_text()) {
        let allowed = AllowedQueryKeys::default();
        for clean in [scrub, scrub_text] {
            let once = clean(&text, &allowed);
            prop_assert!(once.len() <= text.len() * GROWTH_MAX);
            prop_assert_eq!(&clean(&once, &allowed), &once);
        }
        let mut masked = String::new();
        mask_into(&text, &mut masked);
        let mut twice = String::new();
        mask_into(&masked, &mut twice);
        prop_assert_eq!(masked, twice);
    }
}
