//! Waiting for a condition, with a deadline and a text that says what was waited for.

use std::fmt::Debug;
use std::time::{Duration, Instant};

/// Between two looks at a condition: short beside what is waited for, long enough not to load the machine.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Looks until `look` answers `Ok`; panics with its last `Err` after `within`. Returns the value and how long it took.
pub(crate) fn eventually<T, E: Debug>(
    what: &str,
    within: Duration,
    mut look: impl FnMut() -> Result<T, E>,
) -> (T, Duration) {
    let began = Instant::now();
    loop {
        let last = match look() {
            Ok(value) => return (value, began.elapsed()),
            Err(last) => last,
        };
        assert!(began.elapsed() < within, "{what}: not within {within:?}; last seen: {last:?}");
        std::thread::sleep(LOOK_INTERVAL);
    }
}
