//! When a pointer is shaken: what `thrashing_pointer` looks for, in all trails of one page view.
//!
//! A device tells up to a thousand places a second, a hand turns a few times: the trail is looked at in steps of [`STEP_US`], and
//! steps that are too short are rests and turning points, which would hide a turn from a look at single samples.

/// A step of the clock, µs.
pub const STEP_US: i64 = 50_000;

/// Where the pointer was at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When, µs since 1970.
    pub at_us: i64,
    /// Of the event with the trail: the first one, if several fall into the step.
    pub seq: i64,
    /// CSS pixels.
    pub x: f64,
    pub y: f64,
}

impl Step {
    fn ends(&self) -> i64 {
        self.at_us.div_euclid(STEP_US)
    }
}

/// The thresholds, by their names in `thrashing_pointer.sql`; the time in µs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    pub reversals_min: f64,
    pub angle_deg: f64,
    pub leg_px: f64,
    pub path_px: f64,
    pub net_share: f64,
    /// Not below 0.
    pub within_us: i64,
}

/// A button of the pointer, or a finger, that went down or up again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Press {
    /// Of its event, which tells the order.
    pub seq: i64,
    /// When, µs since 1970.
    pub at_us: i64,
    pub down: bool,
}

/// One time that the pointer was shaken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shake {
    /// Of the event in which it was one at first.
    pub seq: i64,
    /// From when on it was one, and until when, µs since 1970.
    pub at_us: i64,
    pub end_us: i64,
    /// Most turns within the rule's time.
    pub turns: i64,
}

/// Adds the steps of a trail that began at `began_us`: samples of `(dt, x, y)`, ms since the sample before and CSS pixels. A sample
/// without a place is none.
pub fn add_trail(
    steps: &mut Vec<Step>,
    began_us: i64,
    seq: i64,
    samples: impl Iterator<Item = (Option<f64>, Option<f64>, Option<f64>)>,
) {
    let (mut after_ms, before) = (0.0, steps.len());
    for (dt, x, y) in samples {
        after_ms += dt.unwrap_or_default();
        let (Some(x), Some(y)) = (x.filter(|x| x.is_finite()), y.filter(|y| y.is_finite())) else { continue };
        let step = Step { at_us: began_us.saturating_add((after_ms * 1e3) as i64), seq, x, y };
        match steps[before..].last_mut() {
            Some(last) if last.ends() == step.ends() => *last = step,
            _ => steps.push(step),
        }
    }
}

/// A step that is long enough, and how far all legs up to its end have come.
struct Leg {
    from: Step,
    to: Step,
    turns: i64,
    path: f64,
}

/// The shakes in the steps of a page view's trails, which may be in any order, as its presses may: drawing and dragging are no shaking,
/// so that what was walked with a button pressed is left out, and what lies before it is another walk than what lies after it.
pub fn shakes(mut steps: Vec<Step>, presses: Vec<Press>, rule: &Rule) -> Vec<Shake> {
    steps.sort_by_key(|step| (step.at_us, step.seq));
    // One trail may end and the next begin within a step: its last place counts.
    steps.dedup_by(|later, kept| {
        let same = later.ends() == kept.ends();
        if same {
            *kept = Step { seq: kept.seq.min(later.seq), ..*later };
        }
        same
    });
    let mut found = Vec::new();
    let mut rest = steps.as_slice();
    for (from_us, until_us) in held(presses) {
        // Exactly when a button goes down or up it is pressed.
        let (free, later) = rest.split_at(rest.partition_point(|step| step.at_us < from_us));
        add_shakes(&mut found, free, rule);
        rest = &later[later.partition_point(|step| step.at_us <= until_us)..];
    }
    add_shakes(&mut found, rest, rule);
    found
}

/// From when until when a button was pressed, µs since 1970, in the order of time. A page view that begins with a button going up began
/// with it pressed, and one whose button never goes up ends so.
fn held(mut presses: Vec<Press>) -> Vec<(i64, i64)> {
    presses.sort_by_key(|press| press.seq);
    let mut since = presses.first().filter(|first| !first.down).map(|_| i64::MIN);
    let mut held = Vec::new();
    for Press { at_us, down, .. } in presses {
        match since {
            None if down => since = Some(at_us),
            Some(from_us) if !down => {
                held.push((from_us, at_us));
                since = None;
            }
            _ => {}
        }
    }
    held.extend(since.map(|from_us| (from_us, i64::MAX)));
    held.sort_unstable();
    held
}

/// Adds the shakes of a walk, which began after all that were found.
fn add_shakes(found: &mut Vec<Shake>, steps: &[Step], rule: &Rule) {
    let (legs, mut first) = (legs(steps, rule), 0);
    for Leg { to, turns, path, .. } in &legs {
        while legs[first].to.at_us < to.at_us.saturating_sub(rule.within_us) {
            first += 1;
        }
        let (turns_before, path_before) = legs[..first].last().map_or((0, 0.0), |before| (before.turns, before.path));
        let (turns, path) = (turns - turns_before, path - path_before);
        let net = (to.x - legs[first].from.x).hypot(to.y - legs[first].from.y);
        if !(turns as f64 >= rule.reversals_min && path >= rule.path_px && net <= rule.net_share * path) {
            continue;
        }
        match found.last_mut() {
            Some(shake) if to.at_us.saturating_sub(shake.end_us) <= rule.within_us => {
                *shake =
                    Shake { end_us: to.at_us, turns: shake.turns.max(turns), seq: shake.seq.min(to.seq), ..*shake };
            }
            _ => found.push(Shake { seq: to.seq, at_us: to.at_us, end_us: to.at_us, turns }),
        }
    }
}

fn legs(steps: &[Step], rule: &Rule) -> Vec<Leg> {
    let turned_below = rule.angle_deg.to_radians().cos();
    let mut legs: Vec<Leg> = Vec::new();
    for pair in steps.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let length = (dx * dx + dy * dy).sqrt();
        if length < rule.leg_px {
            continue;
        }
        let before = legs.last();
        let turned = before.is_some_and(|Leg { from, to, .. }| {
            let (before_x, before_y) = (to.x - from.x, to.y - from.y);
            let lengths = length * (before_x * before_x + before_y * before_y).sqrt();
            (dx * before_x + dy * before_y) / lengths < turned_below
        });
        let (turns, path) = before.map_or((0, 0.0), |before| (before.turns, before.path));
        legs.push(Leg { from, to, turns: turns + i64::from(turned), path: path + length });
    }
    legs
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule {
        reversals_min: 5.0,
        angle_deg: 135.0,
        leg_px: 30.0,
        path_px: 600.0,
        net_share: 0.25,
        within_us: 1_000_000,
    };

    /// Seven places 100 px apart, to and fro, each 50 ms after the one before.
    fn to_and_fro(began_us: i64, seq: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        let samples = [0.0, 100.0, 0.0, 100.0, 0.0, 100.0, 0.0];
        add_trail(
            &mut steps,
            began_us,
            seq,
            samples.iter().enumerate().map(|(n, x)| (Some(if n == 0 { 0.0 } else { 50.0 }), Some(*x), Some(0.0))),
        );
        steps
    }

    #[test]
    fn a_trail_has_a_step_for_each_tick_with_its_last_place() {
        let mut steps = Vec::new();
        let sample = |dt: f64, x: f64| (Some(dt), Some(x), Some(1.0));
        let samples = [sample(0.0, 1.0), sample(20.0, 2.0), (Some(10.0), None, Some(9.0)), sample(30.0, 3.0)];
        add_trail(&mut steps, 1_000_000, 7, samples.into_iter());
        let step = |at_us, x| Step { at_us, seq: 7, x, y: 1.0 };
        assert_eq!(steps, [step(1_020_000, 2.0), step(1_060_000, 3.0)]);
    }

    #[test]
    fn trails_are_one_walk_in_whatever_order_they_come() {
        let (first, second) = (to_and_fro(0, 1), to_and_fro(350_000, 2));
        let found = shakes([first.clone(), second.clone()].concat(), Vec::new(), &RULE);
        assert_eq!(found, [Shake { seq: 1, at_us: 300_000, end_us: 650_000, turns: 11 }]);
        assert_eq!(shakes([second, first].concat(), Vec::new(), &RULE), found);
    }

    #[test]
    fn shakes_further_apart_than_the_rule_says_are_two() {
        let apart = |gap_us| shakes([to_and_fro(0, 1), to_and_fro(gap_us, 2)].concat(), Vec::new(), &RULE).len();
        // Six legs of both together lie within a second; later the second is one by its own six, 1.1 s after the first.
        assert_eq!([apart(1_050_000), apart(1_100_000)], [1, 2]);
    }

    /// Downs and ups, one after the other.
    fn pressed(times_us: &[i64]) -> Vec<Press> {
        (0..).zip(times_us).map(|(seq, at_us)| Press { seq, at_us: *at_us, down: seq % 2 == 0 }).collect()
    }

    #[test]
    fn a_button_that_is_held_all_the_while_is_no_shaking() {
        let found = |presses| shakes(to_and_fro(2_000_000, 1), presses, &RULE).len();
        assert_eq!(found(pressed(&[0, 5_000_000])), 0, "from long before until long after");
        assert_eq!(found(pressed(&[0])), 0, "never seen to go up");
        assert_eq!(found(vec![Press { seq: 9, at_us: 5_000_000, down: false }]), 0, "pressed on the page before");
        assert_eq!(found(pressed(&[0, 1_000_000])), 1, "a click before");
        // Six legs from 2.0 to 2.3 s: at their very ends a button counts.
        assert_eq!([found(pressed(&[0, 1_999_999])), found(pressed(&[0, 2_000_000]))], [1, 0]);
        assert_eq!([found(pressed(&[2_300_001])), found(pressed(&[2_300_000]))], [1, 0]);
    }

    #[test]
    fn a_click_takes_no_more_than_its_own_moment_away() {
        // Three seconds of shaking, a turn every 50 ms.
        let steps: Vec<Step> = (0..=60)
            .map(|n| Step { at_us: n * STEP_US, seq: n, x: if n % 2 == 0 { 0.0 } else { 100.0 }, y: 0.0 })
            .collect();
        let found = |times_us: &[i64]| shakes(steps.clone(), pressed(times_us), &RULE);
        let shake = |at_us, end_us, turns| Shake { seq: at_us / STEP_US, at_us, end_us, turns };
        let whole = found(&[]);
        assert_eq!(whole, [shake(300_000, 3_000_000, 21)]);
        assert_eq!(found(&[2_910_000, 2_920_000]), [shake(300_000, 2_900_000, 21)]);
        assert_eq!(found(&[1_010_000, 1_020_000]), whole, "which are less than a second apart");
        assert_eq!(found(&[410_000, 2_510_000]), [shake(300_000, 400_000, 7), shake(2_850_000, 3_000_000, 8)]);
        // Two fingers, of which the second goes up at first, and the order of numbers, not of arrival.
        let fingers: Vec<Press> = [(3, 2_900_000, false), (0, 10_000, true), (1, 20_000, true), (2, 2_800_000, false)]
            .map(|(seq, at_us, down)| Press { seq, at_us, down })
            .to_vec();
        assert_eq!(shakes(steps.clone(), fingers, &RULE), []);
    }

    #[test]
    fn any_numbers_are_walked_over() {
        let extremes = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, -0.0];
        let mut steps = Vec::new();
        for began_us in [i64::MIN, -1, i64::MAX] {
            let samples = extremes.iter().flat_map(|dt| extremes.map(|x| (Some(*dt), Some(x), Some(x))));
            add_trail(&mut steps, began_us, i64::MIN, samples);
        }
        let presses = [i64::MIN, -1, i64::MAX].map(|at_us| Press { seq: at_us, at_us, down: at_us == -1 });
        for presses in [Vec::new(), presses.to_vec()] {
            assert!(shakes(steps.clone(), presses, &Rule { within_us: i64::MAX, ..RULE }).len() <= 1);
        }
        assert_eq!(shakes(Vec::new(), Vec::new(), &RULE), []);
    }
}
