//! Rows put in order. They come in stretches of one visitor or tab, as a page sends them and as files hold them, and these are
//! almost in order: so it is the stretches that are moved, and little is left to sort within.

/// In the order of whom they are of, as `rank` has it, and of each by a key of their own.
pub(super) fn arranged<T: Copy, I: PartialEq, R: Ord + Copy, K: Ord>(
    rows: &[T],
    of: impl Fn(&T) -> I,
    rank: impl Fn(I) -> R,
    within: impl Fn(&T) -> K,
) -> Vec<T> {
    let stretches = rows.chunk_by(|one, next| of(one) == of(next));
    let mut stretches: Vec<(R, &[T])> = stretches.map(|rows| (rank(of(&rows[0])), rows)).collect();
    stretches.sort_by_key(|(rank, _)| *rank);
    let mut arranged = Vec::with_capacity(rows.len());
    for same in stretches.chunk_by(|one, next| one.0 == next.0) {
        let from = arranged.len();
        same.iter().for_each(|(_, rows)| arranged.extend_from_slice(rows));
        // finds what is in order already
        arranged[from..].sort_by_key(&within);
    }
    arranged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_one_are_put_together_and_sorted_within() {
        let rows = [("b", 3), ("b", 4), ("a", 9), ("c", 1), ("b", 1), ("a", 2), ("a", 9)];
        let by_name = arranged(&rows, |row| row.0, |name| name, |row| row.1);
        assert_eq!(by_name, [("a", 2), ("a", 9), ("a", 9), ("b", 1), ("b", 3), ("b", 4), ("c", 1)]);
        let backwards = arranged(&rows, |row| row.0, std::cmp::Reverse, |row| row.1);
        assert_eq!(backwards.iter().map(|row| row.0).collect::<String>(), "cbbbaaa");
        assert!(arranged(&[] as &[(u8, u8)], |row| row.0, |of| of, |row| row.1).is_empty());
    }
}
