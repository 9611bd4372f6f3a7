//! Whatever the text: work that grows as its length does, output within its bound, and nothing left to scrub.

use proptest::prelude::*;
use testkit::growth::{TIMES_LONGER, dearer, grows_too_fast};

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

/// Shortest text that is timed: sixteen times as long, it is longer than the collector lets a string be.
const SHORT_BYTES: usize = 1024;
/// Most that any text costs, in times of plain words of its length. None was seen to cost more than 1.2.
const TIMES_DEARER_MAX: u32 = 4;

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

/// What is said of a text that takes more than its length allows.
fn too_slow(text: impl Fn(usize) -> String) -> Option<String> {
    let long = text(SHORT_BYTES * TIMES_LONGER);
    let words = repeated(long.len(), &["plain words, "]);
    let dearer = dearer(TIMES_DEARER_MAX, || scrub_all(&words), || scrub_all(&long))
        .map(|[words, hostile]| format!("plain words: {words:?}, {hostile:?}: {long:.99}…"));
    dearer.or_else(|| grows_too_fast(SHORT_BYTES, text, scrub_all))
}

fn too_slow_repeated(parts: &[&str]) -> Option<String> {
    too_slow(|bytes| repeated(bytes, parts))
}

#[test]
fn work_grows_as_the_text_does() {
    for part in FRAGMENTS {
        assert_eq!(too_slow_repeated(&[part]), None);
        assert_eq!(too_slow_repeated(&["\"", part, "x"]), None);
    }
    // The text that stopped landing: many addresses, each looked for anew, before a run that is nearly a token.
    let attack = |bytes| format!("{}{}", "a@b.cc:".repeat(bytes / 200), "eyJ".repeat(bytes / 4));
    assert_eq!(too_slow(attack), None);
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
