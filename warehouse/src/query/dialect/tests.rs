use super::*;
use crate::query::guard::only_statement;

fn translated(sql: &str) -> Result<String> {
    let mut statement = only_statement(sql).unwrap();
    translate(&mut statement)?;
    Ok(statement.to_string())
}

fn refuses(sql: &str) -> bool {
    matches!(translated(sql), Err(DataFusionError::NotImplemented(_)))
}

#[test]
fn numbers_that_a_double_would_change_are_decimals() {
    let kept = "SELECT 1, 0.1, 2.50, 44.52345678901234, 1e300, 9223372036854775807, 18446744073709551615";
    assert_eq!(translated(kept).unwrap(), kept);
    let cases = [
        ("select 9007199254740992.5", "SELECT CAST('9007199254740992.5' AS DECIMAL(17,1))"),
        ("select -18446744073709551616", "SELECT -CAST('18446744073709551616' AS DECIMAL(20,0))"),
        ("explain select 0.12345678901234567890", "EXPLAIN SELECT CAST('0.12345678901234567890' AS DECIMAL(20,20))"),
    ];
    for (sql, wanted) in cases {
        assert_eq!(translated(sql).unwrap(), wanted);
    }
    assert!(refuses(&format!("select {}", "9".repeat(77))));
}

#[test]
fn zones_are_calls_wherever_they_stand() {
    let sql = "select 1 from t where a at time zone 'UTC' at time zone 'Asia/Tokyo' > b";
    let wanted = "SELECT 1 FROM t WHERE timezone('Asia/Tokyo', timezone('UTC', a)) > b";
    assert_eq!(translated(sql).unwrap(), wanted);
}

#[test]
fn patterns_of_another_kind_are_refused() {
    assert!(refuses("select 'abc' similar to 'a%'"));
    assert!(translated("select 'abc' like 'a%', 'abc' ~ '^a'").is_ok());
}

#[test]
fn set_operations_that_count_are_refused_wherever_they_stand() {
    for sql in [
        "select 1 except all select 2",
        "select 1 union all (select 2 intersect all select 3)",
        "with a as (select 1 except all select 2) select * from a",
        "select * from (select 1 except all select 2) q where 1 in (select 1)",
    ] {
        assert!(refuses(sql), "{sql}");
    }
    assert!(translated("select 1 union all select 2 except select 3").is_ok());
}
