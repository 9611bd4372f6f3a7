//! Any bytes as a stored chunk, and any text as a recording: read or refused, within the bounds; and what the sanitiser left
//! is left as it is the second time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use replay::{CSS_ADDRESS_BYTES_FREE, CSS_GROWTH_MAX, INFLATED_BYTES_MAX, Part, Sanitiser, clean_css, read_chunk};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = read_chunk(&[Part { part: 0, parts: 1, payload: bytes }]) {
        assert!(text.len() <= INFLATED_BYTES_MAX);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };

    let (once, _) = clean_css(text, None, &kept);
    assert!(once.len() <= CSS_GROWTH_MAX * (text.len() + 3) + text.len() + CSS_ADDRESS_BYTES_FREE);
    assert_eq!(clean_css(&once, None, &kept).0, once, "cleaned again");

    let once = sanitise(text);
    assert_eq!(sanitise(&once), once, "sanitised again");
});

fn kept(url: &str) -> Option<String> {
    (url == "a" || url == "/assets/1").then(|| "/assets/1".to_owned())
}

/// What is left of the lines before the first that is refused.
fn sanitise(text: &str) -> String {
    let mut out = Vec::new();
    drop(Sanitiser::new(kept).chunk(text, &mut out));
    String::from_utf8(out).expect("lines of JSON")
}
