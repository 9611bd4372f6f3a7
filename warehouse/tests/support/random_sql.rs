//! Statements by chance: each has one answer, whatever the order in which rows come.

/// Numbers by chance; the same seed gives the same ones (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// A statement over two small tables with nulls and doubles.
pub(crate) fn statement(dice: &mut Dice) -> String {
    let (first, second) = (table(dice), table(dice));
    let source = dice.one_of(&[
        "select * from a",
        "select * from a union all select * from a union all select * from b",
        "select * from a where k in (select k from b)",
        "select * from a where v not in (select v from b where b.k = a.k)",
        "select * from a where k not in (select k from b where k is not null) or t = 'y'",
        "select a.k, b.v, a.t from a left join b on a.k = b.k and a.v <= b.v",
        "select a.k, b.v, coalesce(a.t, b.t) as t from a full join b on a.k = b.k and a.t = b.t",
        "select * from a union select * from b",
        "select * from (select * from a order by k, v, t limit 7) l union all select * from (select * from b order by k desc, v, t limit 3) m",
    ]);
    let (few, skipped) = (1 + dice.below(6), dice.below(3));
    let shape = dice.one_of(&[
        "select distinct k, t from s order by k, t limit FEW offset SKIPPED",
        "select distinct v from s order by v desc nulls last limit FEW",
        "select k, sum(v) as x, count(*) as n, min(t) as m from s group by k order by k nulls first limit FEW",
        "select t, max(v) as x from s group by t having count(*) > 1 order by x desc, t limit FEW",
        "select k, t, count(distinct v) as x, grouping(k) as g from s group by grouping sets ((k, t), (k), ()) order by k, t, g, x",
        "select k, v, t, sum(v) over (partition by k order by v, t rows between 1 preceding and current row) as x from s order by k, v, t, x limit FEW",
        "select k, v, rank() over (order by v desc, k) as x from s order by x, k, v limit FEW offset SKIPPED",
        "select x, count(*) as n from (select k, max(v) over (partition by t) as x from s) q group by x order by x limit FEW",
        "select k, v from s order by v desc nulls last, k limit FEW offset SKIPPED",
        "select count(*) as n, sum(v + k) as x, avg(v) as y from s where v * 2 > k or t is null",
        "select p.k, q.v from s p join s q on p.v = q.v where p.t < q.t order by p.k, q.v limit FEW",
        "select k from s except select v from s order by k limit FEW",
    ]);
    let shape = shape.replace("FEW", &few.to_string()).replace("SKIPPED", &skipped.to_string());
    format!("with a(k, v, t) as ({first}), b(k, v, t) as ({second}), s as ({source}) {shape}")
}

fn table(dice: &mut Dice) -> String {
    let rows = 4 + dice.below(20);
    let rows: Vec<String> = (0..rows).map(|_| row(dice)).collect();
    format!("values {}", rows.join(", "))
}

fn row(dice: &mut Dice) -> String {
    let number = |dice: &mut Dice, sides: u64| match dice.below(sides + 1) {
        0 => "cast(null as bigint)".to_owned(),
        number => (number as i64 - 2).to_string(),
    };
    let (k, v, t) = (number(dice, 4), number(dice, 9), dice.one_of(&["'x'", "'y'", "'é'", "''", "cast(null as text)"]));
    format!("({k}, {v}, {t})")
}
