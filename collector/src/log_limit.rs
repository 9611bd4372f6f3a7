//! Log lines of one cause are limited, so that nobody can fill a disk with them; what is held back is counted.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines of one cause.
const INTERVAL: Duration = Duration::from_secs(10);
/// Causes that are told apart; what comes beyond shares one.
const CAUSES_MAX: usize = 64;

/// The causes of this process.
static CAUSES: LazyLock<LogLimit> = LazyLock::new(LogLimit::default);

/// Whether a line of this cause may be written now: then how many of it were held back since the last one.
pub(crate) fn admit(cause: &str) -> Option<u64> {
    CAUSES.admit(cause, Instant::now())
}

/// Panics become one line without a backtrace, and those from one place are limited: a stranger's request may have
/// caused them. (The accept loop answers the request and counts.)
pub fn limit_panic_lines() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if let Some(held_back) = admit(&place) {
            let message = panic.payload_as_str().unwrap_or("no message");
            tracing::error!(place, held_back, "panic: {message:.500}");
        }
    }));
}

#[derive(Default)]
struct LogLimit {
    causes: Mutex<HashMap<String, Cause>>,
}

struct Cause {
    written: Instant,
    held_back: u64,
}

impl LogLimit {
    fn admit(&self, cause: &str, now: Instant) -> Option<u64> {
        let mut causes = self.causes.lock().unwrap_or_else(PoisonError::into_inner);
        let cause = if causes.len() < CAUSES_MAX || causes.contains_key(cause) { cause } else { "other" };
        match causes.get_mut(cause) {
            None => {
                causes.insert(cause.to_owned(), Cause { written: now, held_back: 0 });
                Some(0)
            }
            Some(known) if now.saturating_duration_since(known.written) >= INTERVAL => {
                known.written = now;
                Some(std::mem::take(&mut known.held_back))
            }
            Some(known) => {
                known.held_back += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_interval_says_how_many_were_held_back() {
        let (limit, began) = (LogLimit::default(), Instant::now());
        assert_eq!(limit.admit("accept", began), Some(0));
        assert!((0..1_000).all(|_| limit.admit("accept", began).is_none()));
        assert_eq!(limit.admit("kafka", began), Some(0), "another cause is told");
        assert_eq!(limit.admit("accept", began + INTERVAL), Some(1_000));
        assert_eq!(limit.admit("accept", began + INTERVAL), None);
    }

    #[test]
    fn causes_are_bounded() {
        let (limit, began) = (LogLimit::default(), Instant::now());
        let told = (0..10_000).filter(|number| limit.admit(&number.to_string(), began).is_some()).count();
        assert_eq!(told, CAUSES_MAX + 1);
        assert_eq!(limit.causes.lock().expect("whole").len(), CAUSES_MAX + 1);
    }
}
