//! How well agents and referrers are recognised, on suites that pinned packages carry (`infra/lists`). The table in
//! `docs/recognition.md` is what this test computes: `make scores` writes it, and otherwise it has to agree.
//!
//! A subject is a file here with a function that gives its rows.

mod agents;
mod referrers;
mod table;

#[test]
fn the_table_holds_and_every_goal_is_reached() {
    let rows: Vec<_> = [agents::rows(), referrers::rows()].into_iter().flatten().collect();
    table::write_or_compare(&rows);
    for row in rows {
        assert!(
            row.reached(),
            "{} on {}: {} of {}, goal {} %",
            row.what,
            row.suite,
            row.right,
            row.cases,
            row.goal_percent
        );
    }
}
