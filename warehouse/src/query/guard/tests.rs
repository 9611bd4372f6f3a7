use super::*;

#[test]
fn one_reading_statement_passes() {
    for sql in ["select 1", "with a as (select 1) select * from a;", "explain select 1", "show tables", "values (1)"] {
        assert!(only_statement(sql).is_ok(), "{sql}");
    }
}

#[test]
fn everything_else_is_refused_with_its_code() {
    let cases = [
        ("", "empty_statement"),
        (" \n-- nothing\n", "empty_statement"),
        ("selec 1", "invalid_sql"),
        ("select '", "invalid_sql"),
        ("select 1; select 2", "several_statements"),
        ("drop table events", "refused_statement"),
        ("delete from events", "refused_statement"),
        ("update events set type = 'x'", "refused_statement"),
        ("insert into events select * from events", "refused_statement"),
        ("create table x as select 1", "refused_statement"),
        ("create view x as select 1", "refused_statement"),
        ("create external table x stored as csv location '/etc/passwd'", "refused_statement"),
        ("copy (select 1) to '/tmp/x.csv'", "refused_statement"),
        ("explain copy (select 1) to '/tmp/x.csv'", "refused_statement"),
        ("set datafusion.execution.batch_size = 1", "refused_statement"),
        ("prepare p as select 1", "refused_statement"),
        ("begin", "refused_statement"),
    ];
    for (sql, code) in cases {
        let refused = only_statement(sql).expect_err(sql);
        assert_eq!(refused.code(), code, "{sql}: {refused}");
        assert!(!refused.to_string().contains('\n'), "{sql}");
    }
    let long = format!("select '{}'", "x".repeat(SQL_BYTES_MAX));
    assert_eq!(only_statement(&long).unwrap_err().code(), "too_complex");
    let deep = format!("select {}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(only_statement(&deep).unwrap_err().code(), "too_complex");
}
