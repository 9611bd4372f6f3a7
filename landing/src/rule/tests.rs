use super::*;

fn link(sequence: u64, start: i64, end: i64) -> Link {
    testkit::link::link("t", 0, sequence, start..=end)
}

/// What the writer's side says of links, and the reader's, who has come to the end of `read` of them.
fn wrong(links: &[Link], read: usize) -> (Vec<String>, Option<String>) {
    let mut progress = Progress::default();
    links[..read].iter().for_each(|link| progress.advance(link));
    let rest: Vec<_> = links[read..].iter().cloned().map(Arc::new).collect();
    let continues = check_continues(&progress, &rest).err();
    (check_chain(links).iter().map(ToString::to_string).collect(), continues.map(|error| error.to_string()))
}

/// Anybody may have changed a link's text.
#[test]
fn the_greatest_numbers_are_judged_like_others() {
    let last = link(u64::MAX, 0, i64::MAX);
    let wrong = check_chain(&[link(0, -1, -1), last.clone(), last, link(0, i64::MIN, i64::MIN)]);
    assert_eq!(wrong.len(), 3, "{wrong:?}");
}

#[test]
fn a_whole_chain_has_nothing_wrong() {
    let links = [link(0, 5, 9), link(1, 10, 10), link(2, 11, 40)];
    for read in 0..=links.len() {
        assert_eq!(wrong(&links, read), (Vec::new(), None), "{read} read");
    }
}

#[test]
fn writers_and_readers_see_the_same_hole() {
    for read in [0, 1] {
        let (chain, continues) = wrong(&[link(0, 0, 4), link(1, 8, 9)], read);
        assert!(chain[0].starts_with("t/0: a link is missing: offsets 5 to 7 stand in none"), "{chain:?}");
        assert_eq!(continues.as_ref(), chain.first());
    }
    let (chain, continues) = wrong(&[link(2, 7, 8)], 0);
    assert!(chain[0].contains("2 links before it are missing"), "{chain:?}");
    assert_eq!(continues.as_ref(), chain.first());
}

#[test]
fn names_what_is_doubled_out_of_order_or_backwards() {
    let chain = |links: &[Link]| wrong(links, 0).0;
    assert_eq!(chain(&[link(0, 0, 4), link(1, 3, 9)]), ["t/0: links overlap: offsets 3 to 4 stand in two"]);
    assert_eq!(chain(&[link(0, 0, 4), link(2, 5, 9)]), ["t/0: the link at offset 5 has sequence 2, not 1"]);
    assert_eq!(chain(&[link(0, 4, 2)]), ["t/0: the link at offset 4 ends before it starts, at 2"]);
}

#[test]
fn an_explicit_gap_is_no_hole_nor_is_a_topic_made_anew() {
    let resumed = Link { gap_from: Some(5), ..link(1, 100, 120) };
    assert_eq!(wrong(&[link(0, 0, 4), resumed], 1), (Vec::new(), None));
    let anew = Link { incarnation: 2, ..link(1, 1_000, 1_000) };
    assert_eq!(wrong(&[link(0, 0, 4), anew], 1), (Vec::new(), None));
}
