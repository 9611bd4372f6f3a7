//! Whether work grows as its text does, by the processor time of one thread: other programs do not count.
//!
//! A file of its own, without the rest of `testkit`: fuzz targets take it by its path.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// How much longer the long text is that a short one is compared with.
pub const TIMES_LONGER: usize = 16;
/// So many short texts and the long one are of one length: linear work takes the same time for both, and quadratic work
/// 16 times as long for the long one. Half way between them, by their ratio.
const TIMES_SLOWER_MAX: u32 = 4;
/// A text is measured again until it is cheap enough, at most so often: what else the machine does only ever adds.
const ATTEMPTS_MAX: usize = 10;

/// Whether `work` takes more than in proportion: what is said of it then.
///
/// `text(bytes)` is of about so many bytes; `short_bytes` are long enough for a call's own cost not to count.
pub fn grows_too_fast(short_bytes: usize, text: impl Fn(usize) -> String, work: impl Fn(&str)) -> Option<String> {
    let (short, long) = (text(short_bytes), text(short_bytes * TIMES_LONGER));
    let many_short = || (0..TIMES_LONGER).for_each(|_| work(&short));
    dearer(TIMES_SLOWER_MAX, many_short, || work(&long)).map(|[many, one]| {
        let bytes = [short.len(), long.len()];
        format!("{TIMES_LONGER} times {} bytes: {many:?}, once {}: {one:?}: {short:.99}…", bytes[0], bytes[1])
    })
}

/// Whether `work` takes more than so many times as long as `yardstick`: the times of both then.
pub fn dearer(times_max: u32, yardstick: impl Fn(), work: impl Fn()) -> Option<[Duration; 2]> {
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..ATTEMPTS_MAX {
        fastest = [fastest[0].min(processor_time(&yardstick)), fastest[1].min(processor_time(&work))];
        if fastest[1] <= fastest[0] * times_max {
            return None;
        }
    }
    Some(fastest)
}

/// How long this thread is on a processor meanwhile.
fn processor_time(work: impl Fn()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("this clock begins at zero");
    let began = now();
    work();
    now() - began
}
