//! Shares, the line, and books that balance whatever happens.

use futures::FutureExt;
use proptest::prelude::*;

use super::*;

const FOR_EVER: Duration = Duration::from_secs(3_600);

fn places(whole: (usize, usize), key: (usize, usize), address: (usize, usize), patience: Duration) -> Arc<Places> {
    let amount = |(count, bytes)| Amount { count, bytes };
    let caps = Caps { whole: amount(whole), key: amount(key), address: amount(address), patience };
    Places::new(caps, IntCounter::new("lost", "Lost places.").expect("a name"))
}

fn sender(key: usize, host: u8) -> Holders {
    [Some(Holder::Address(IpAddr::from([10, 0, 0, host]))), Some(Holder::Key(key))]
}

#[test]
fn a_full_window_refuses_and_recovers() {
    let window = places((2, 100), (2, 100), (2, 100), FOR_EVER);
    let first = window.enter(sender(0, 1)).expect("room");
    let second = window.enter(sender(0, 2)).expect("room");
    assert_eq!(window.enter(sender(1, 3)).expect_err("full"), NoRoom::Whole);
    first.grow(60).expect("room");
    assert_eq!(second.grow(41), Err(NoRoom::Whole));
    second.grow(40).expect("room");
    first.shrink_to(10);
    assert_eq!(window.taken(), Amount { count: 2, bytes: 50 });
    drop((first, second));
    assert_eq!(window.taken(), Amount::default());
    assert!(window.state().shares.is_empty(), "nothing is kept of senders who are gone");
}

#[test]
fn one_address_and_one_key_have_a_share_and_the_others_the_rest() {
    let window = places((100, 1_000), (100, 500), (100, 250), FOR_EVER);
    let greedy: Vec<_> = (0..9).map(|key| window.enter(sender(key, 1)).expect("room")).collect();
    let granted = greedy.iter().filter(|place| place.grow(100).is_ok()).count();
    assert_eq!(granted, 2, "one address with many keys");
    assert_eq!(greedy[5].grow(100), Err(NoRoom::Address));
    let greedy: Vec<_> = (2..20).map(|host| window.enter(sender(99, host)).expect("room")).collect();
    let granted = greedy.iter().filter(|place| place.grow(100).is_ok()).count();
    assert_eq!(granted, 5, "one key from many addresses");
    assert_eq!(greedy[17].grow(100), Err(NoRoom::Key));
    let other = window.enter(sender(50, 200)).expect("room");
    assert_eq!(other.grow(200), Ok(()));
}

#[test]
fn many_small_requests_are_a_share_too() {
    let window = places((100, 1_000), (50, 1_000), (25, 1_000), FOR_EVER);
    let held: Vec<_> = (0..40).filter_map(|_| window.enter(sender(0, 1)).ok()).collect();
    assert_eq!(held.len(), 25);
    assert!(window.enter(sender(0, 2)).is_ok());
}

#[test]
fn who_stands_longest_loses_the_place_first_and_is_told() {
    let window = places((3, 100), (3, 100), (3, 100), Duration::ZERO);
    let slow: Vec<_> = (1..4).map(|host| window.enter(sender(0, host)).expect("room")).collect();
    for place in [&slow[1], &slow[0]] {
        place.grow(50).expect("room");
        place.stand();
    }
    let quick = window.enter(sender(0, 9)).expect("the place of the slowest");
    assert_eq!(slow[1].step_out(), Err(NoRoom::Lost));
    assert!(slow[1].lost().now_or_never().is_some() && slow[0].lost().now_or_never().is_none());
    assert_eq!(slow[1].grow(1), Err(NoRoom::Lost));
    assert_eq!(window.taken(), Amount { count: 3, bytes: 50 }, "its bytes are free");
    quick.grow(60).expect("the bytes of the next");
    assert_eq!(slow[0].step_out(), Err(NoRoom::Lost));
    assert_eq!(quick.grow(100), Err(NoRoom::Whole), "those who stand in no line keep what they have");
    assert_eq!(slow[2].step_out(), Ok(()));
    assert_eq!(window.lost.get(), 2);
    drop(slow);
    assert_eq!(window.taken(), Amount { count: 1, bytes: 60 }, "nothing is given back twice");
}

#[test]
fn nobody_loses_a_place_within_the_patience_or_to_another_share() {
    let window = places((100, 1_000), (100, 1_000), (100, 100), FOR_EVER);
    let slow = window.enter(sender(0, 1)).expect("room");
    slow.grow(100).expect("room");
    slow.stand();
    assert_eq!(window.enter(sender(0, 1)).expect("room").grow(1), Err(NoRoom::Address));
    assert_eq!(slow.step_out(), Ok(()));
    let window = places((100, 1_000), (100, 1_000), (100, 100), Duration::ZERO);
    let other = window.enter(sender(0, 2)).expect("room");
    other.grow(100).expect("room");
    other.stand();
    let full = window.enter(sender(0, 1)).expect("room");
    full.grow(100).expect("room");
    assert_eq!(full.grow(1), Err(NoRoom::Address), "the other's slowness is not its business");
    assert_eq!(other.step_out(), Ok(()));
}

#[test]
fn a_body_that_stands_longest_loses_its_own_place_to_the_rule() {
    let window = places((2, 100), (2, 100), (2, 100), Duration::ZERO);
    let slow = window.enter(sender(0, 1)).expect("room");
    slow.stand();
    slow.grow(100).expect("room");
    assert_eq!(slow.grow(1), Err(NoRoom::Lost));
    assert_eq!(window.taken(), Amount::default());
}

#[test]
fn shares_have_a_floor() {
    let whole = Amount { count: 2, bytes: 1_001 };
    let share = |percent| whole.share(percent, Amount { count: 1, bytes: 7 });
    assert_eq!(share(25), Amount { count: 1, bytes: 250 });
    assert_eq!(share(100), whole);
    assert_eq!(Amount { count: usize::MAX, bytes: 0 }.share(100, Amount::default()).count, usize::MAX);
}

/// What a sender may do with a place, drawn at random.
#[derive(Clone, Copy, Debug)]
enum Act {
    Enter(u8, u8),
    Grow(u8, u16),
    Shrink(u8, u16),
    Stand(u8),
    StepOut(u8),
    Leave(u8),
}

fn step() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3u8, 0..4u8).prop_map(|(key, host)| Act::Enter(key, host)),
        (any::<u8>(), 0..300u16).prop_map(|(who, bytes)| Act::Grow(who, bytes)),
        (any::<u8>(), 0..300u16).prop_map(|(who, bytes)| Act::Shrink(who, bytes)),
        any::<u8>().prop_map(Act::Stand),
        any::<u8>().prop_map(Act::StepOut),
        any::<u8>().prop_map(Act::Leave),
    ]
}

proptest! {
    #[test]
    fn no_cap_is_passed_and_all_is_given_back(steps in prop::collection::vec(step(), 1..200)) {
        let window = places((12, 1_000), (8, 600), (4, 400), Duration::ZERO);
        let mut held: Vec<Place> = Vec::new();
        for step in steps {
            let pick = |who: u8| usize::from(who) % held.len().max(1);
            match step {
                Act::Enter(key, host) => held.extend(window.enter(sender(key.into(), host))),
                Act::Grow(who, bytes) if !held.is_empty() => drop(held[pick(who)].grow(bytes.into())),
                Act::Shrink(who, bytes) if !held.is_empty() => held[pick(who)].shrink_to(bytes.into()),
                Act::Stand(who) if !held.is_empty() => held[pick(who)].stand(),
                Act::StepOut(who) if !held.is_empty() => drop(held[pick(who)].step_out()),
                Act::Leave(who) if !held.is_empty() => drop(held.swap_remove(pick(who))),
                _ => {}
            }
            let state = window.state();
            let sum = state.held.values().fold(Amount::default(), |mut sum, held| { sum.add(held.taken); sum });
            prop_assert_eq!(sum, state.taken);
            prop_assert!(state.taken.count <= 12 && state.taken.bytes <= 1_000);
            for (holder, share) in &state.shares {
                let (count, bytes) = if matches!(holder, Holder::Key(_)) { (8, 600) } else { (4, 400) };
                prop_assert!(share.taken.count <= count && share.taken.bytes <= bytes, "{:?}", holder);
            }
            let standing = state.held.values().filter(|held| held.standing.is_some()).count();
            prop_assert_eq!(standing, state.line.len());
        }
        drop(held);
        let state = window.state();
        prop_assert!(state.taken == Amount::default() && state.held.is_empty());
        prop_assert!(state.line.is_empty() && state.shares.is_empty());
    }
}
