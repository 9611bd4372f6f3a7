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

/// The shakes in the steps of a page view's trails, which may be in any order.
pub fn shakes(mut steps: Vec<Step>, rule: &Rule) -> Vec<Shake> {
    steps.sort_by_key(|step| (step.at_us, step.seq));
    // One trail may end and the next begin within a step: its last place counts.
    steps.dedup_by(|later, kept| {
        let same = later.ends() == kept.ends();
        if same {
            *kept = Step { seq: kept.seq.min(later.seq), ..*later };
        }
        same
    });
    let legs = legs(&steps, rule);
    let (mut found, mut first): (Vec<Shake>, usize) = (Vec::new(), 0);
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
    found
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
        let found = shakes([first.clone(), second.clone()].concat(), &RULE);
        assert_eq!(found, [Shake { seq: 1, at_us: 300_000, end_us: 650_000, turns: 11 }]);
        assert_eq!(shakes([second, first].concat(), &RULE), found);
    }

    #[test]
    fn shakes_further_apart_than_the_rule_says_are_two() {
        let apart = |gap_us| shakes([to_and_fro(0, 1), to_and_fro(gap_us, 2)].concat(), &RULE).len();
        // Six legs of both together lie within a second; later the second is one by its own six, 1.1 s after the first.
        assert_eq!([apart(1_050_000), apart(1_100_000)], [1, 2]);
    }

    #[test]
    fn any_numbers_are_walked_over() {
        let extremes = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, -0.0];
        let mut steps = Vec::new();
        for began_us in [i64::MIN, -1, i64::MAX] {
            let samples = extremes.iter().flat_map(|dt| extremes.map(|x| (Some(*dt), Some(x), Some(x))));
            add_trail(&mut steps, began_us, i64::MIN, samples);
        }
        assert!(shakes(steps, &Rule { within_us: i64::MAX, ..RULE }).len() <= 1);
        assert_eq!(shakes(Vec::new(), &RULE), []);
    }
}
