//! How a hand moves a pointer: a curve with the smooth speed of human reaching, sampled at device rate.

use super::chance::Chance;
use super::visitor::Visitor;

/// Samples of one `pointer` event: what came together since the SDK's last hand-over, some 100 ms at most device rates.
const SAMPLES_MEDIAN: f64 = 13.0;
const SAMPLES_MIN: f64 = 5.0;
const SAMPLES_MAX: f64 = 40.0;

/// Fitts's law: time to reach a target of width W at distance D is a + b · log2(D / W + 1).
const REACH_BASE_MS: f64 = 180.0;
const REACH_SLOPE_MS: f64 = 160.0;

/// One `pointer` event.
pub(super) struct Trail {
    pub at_ms: f64,
    pub dt: Vec<f64>,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

/// Moves from one point to another; returns the trails and the time of arrival.
pub(super) fn reach(
    chance: &mut Chance,
    visitor: &Visitor,
    start_ms: f64,
    from: [f64; 2],
    to: [f64; 2],
    width: f64,
) -> (Vec<Trail>, f64) {
    let distance = (to[0] - from[0]).hypot(to[1] - from[1]).max(1.0);
    let ideal_ms = REACH_BASE_MS + REACH_SLOPE_MS * (distance / width.max(8.0) + 1.0).log2();
    let duration_ms = ideal_ms * chance.log_normal(1.0, 0.25);
    let bend = bend(chance, from, to, distance);
    let interval = visitor.sample_interval_ms;
    let steps = (duration_ms / interval).ceil().max(2.0) as u32;
    let mut trails = Vec::new();
    let mut step = 0;
    while step <= steps {
        let samples = chance.log_normal(SAMPLES_MEDIAN, 0.5).clamp(SAMPLES_MIN, SAMPLES_MAX) as u32;
        let wanted = samples.min(steps + 1 - step);
        trails.push(trail(chance, visitor, start_ms, &[from, bend, to], step..step + wanted, steps));
        step += wanted;
    }
    (trails, start_ms + f64::from(steps) * interval)
}

/// The middle of the curve lies beside the straight line: hands turn about the wrist.
fn bend(chance: &mut Chance, from: [f64; 2], to: [f64; 2], distance: f64) -> [f64; 2] {
    let aside = chance.normal(0.12) * distance;
    let (dx, dy) = ((to[0] - from[0]) / distance, (to[1] - from[1]) / distance);
    [(from[0] + to[0]) / 2.0 - dy * aside, (from[1] + to[1]) / 2.0 + dx * aside]
}

fn trail(
    chance: &mut Chance,
    visitor: &Visitor,
    start_ms: f64,
    curve: &[[f64; 2]; 3],
    range: std::ops::Range<u32>,
    steps: u32,
) -> Trail {
    let interval = visitor.sample_interval_ms;
    let capacity = range.len();
    let mut trail = Trail {
        at_ms: start_ms + f64::from(range.start) * interval,
        dt: Vec::with_capacity(capacity),
        x: Vec::with_capacity(capacity),
        y: Vec::with_capacity(capacity),
    };
    for step in range {
        let tau = f64::from(step) / f64::from(steps);
        // Minimum jerk: the speed of a reaching hand (Flash and Hogan 1985).
        let part = tau.powi(3) * (10.0 - 15.0 * tau + 6.0 * tau * tau);
        let at = |axis: usize| {
            let [from, bend, to] = [curve[0][axis], curve[1][axis], curve[2][axis]];
            let rest = 1.0 - part;
            rest * rest * from + 2.0 * rest * part * bend + part * part * to
        };
        let first = trail.dt.is_empty();
        trail.dt.push(if first { 0.0 } else { jittered(chance, interval) });
        trail.x.push(position(visitor, at(0)));
        trail.y.push(position(visitor, at(1)));
    }
    trail
}

/// Now and then the system hands a sample over a tenth of a millisecond early or late.
fn jittered(chance: &mut Chance, interval: f64) -> f64 {
    let late = if chance.hit(0.3) { chance.whole(0, 4) as f64 - 2.0 } else { 0.0 };
    ((interval * 10.0) + late).round() / 10.0
}

fn position(visitor: &Visitor, value: f64) -> f64 {
    let value = value.max(0.0);
    if visitor.fine_positions { (value * 4.0).round() / 4.0 } else { value.round() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_ends_on_its_target_at_device_rate() {
        let mut chance = Chance::new(3);
        let visitor = Visitor::arrive(&mut chance, 1.8e12, 0.0);
        let (trails, arrived_ms) = reach(&mut chance, &visitor, 1_000.0, [10.0, 20.0], [800.0, 400.0], 120.0);
        let last = trails.last().unwrap();
        assert!((last.x.last().unwrap() - 800.0).abs() <= 1.0 && (last.y.last().unwrap() - 400.0).abs() <= 1.0);
        assert!((1_200.0..4_000.0).contains(&arrived_ms), "{arrived_ms}");
        let (samples, interval) =
            (trails.iter().map(|trail| trail.dt.len()).sum::<usize>(), visitor.sample_interval_ms);
        // One more than intervals.
        assert_eq!(samples - 1, ((arrived_ms - 1_000.0) / interval).round() as usize);
        for pair in trails.windows(2) {
            let gap = pair[1].at_ms - pair[0].at_ms;
            assert!((gap - pair[0].dt.len() as f64 * interval).abs() < 1e-6, "{gap}");
        }
        for trail in &trails {
            assert_eq!((trail.x.len(), trail.y.len()), (trail.dt.len(), trail.dt.len()));
            assert!(trail.dt.len() <= SAMPLES_MAX as usize);
            assert_eq!(trail.dt[0], 0.0, "each trail counts from its own beginning");
            assert!(trail.dt[1..].iter().all(|dt| (dt - interval).abs() < 0.3));
        }
    }
}
