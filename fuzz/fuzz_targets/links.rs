//! Links of the landing zone, as anybody's text: read or refused; a chain of them is judged without a crash, and a link that
//! was written is read as the same.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use schemas::landing::Link;

// The modules alone: their crate would bring an object store to be built for the fuzzer.
#[allow(dead_code)]
#[path = "../../landing/src/progress.rs"]
mod progress;
#[allow(dead_code)]
#[path = "../../landing/src/rule/mod.rs"]
mod rule;

fuzz_target!(|text: &str| {
    let links: Vec<Link> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    rule::check_chain(&links);
    let shared: Vec<_> = links.iter().cloned().map(Arc::new).collect();
    let taken_up = rule::check_continues(&progress::Progress::default(), &shared).is_ok();
    assert!(!taken_up || links.first().is_none_or(|first| first.sequence == 0), "a chain without its beginning");
    for link in &links {
        let written = serde_json::to_vec(link).expect("a link is made of numbers and text, which JSON holds");
        assert_eq!(&serde_json::from_slice::<Link>(&written).expect("what was written is read"), link);
    }
});
