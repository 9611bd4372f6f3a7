use super::*;

fn nothing(sql: &str) -> Option<Vec<String>> {
    let (statement, of_catalog) = statement(sql).unwrap();
    assert!(of_catalog, "{sql}");
    finds_nothing(&statement).map(|schema| schema.fields().iter().map(|field| field.name().clone()).collect())
}

fn rewritten(sql: &str) -> String {
    statement(sql).unwrap().0.to_string()
}

#[test]
fn what_needs_rows_of_an_empty_table_finds_nothing() {
    let names = |sql: &str| nothing(sql).unwrap();
    assert_eq!(names("select polname, null, lower(polname) from pg_policy"), ["polname", "?column?", "lower"]);
    assert_eq!(names("select c.oid as o from pg_class c, pg_catalog.pg_inherits i where c.oid = i.inhrelid"), ["o"]);
    assert_eq!(
        names("select c.oid from pg_class c join pg_index i on i.indrelid = c.oid left join pg_am on true"),
        ["oid"]
    );
    assert_eq!(names("select e.* from pg_enum e"), ["oid", "enumtypid", "enumsortorder", "enumlabel"]);
    assert_eq!(names("select evtname from pg_event_trigger union select polname from pg_policy"), ["evtname"]);
    for found in [
        "select c.oid from pg_class c left join pg_index i on i.indrelid = c.oid",
        "select i.indexrelid from pg_index i right join pg_class c on true",
        "select count(*) from pg_policy",
        "select oid from pg_class union select oid from pg_policy",
        "select relname from pg_class where exists (select 1 from pg_policy)",
    ] {
        assert_eq!(nothing(found), None, "{found}");
    }
}

#[test]
fn names_of_objects_become_identifiers_and_back() {
    assert_eq!(
        rewritten("select 'public'::regnamespace a, '\"public\"'::pg_catalog.regnamespace"),
        "SELECT 2200 AS a, 2200"
    );
    assert_eq!(rewritten("select 'events'::regclass"), "SELECT 16384");
    assert_eq!(
        rewritten("select tables.table_name from information_schema.tables join information_schema.views v on true"),
        "SELECT tables.table_name FROM pg_catalog.information_schema_tables AS tables JOIN pg_catalog.information_schema_views v ON true"
    );
    assert_eq!(rewritten("select oid::regclass from pg_class"), "SELECT regclass_name(oid) FROM pg_catalog.pg_class");
    assert_eq!(rewritten("select '16384'::regclass, 'int8'::regtype as b"), "SELECT 16384, 20 AS b");
    assert_eq!(
        rewritten("select current_user as a, 'x' OPERATOR(pg_catalog.~) 'y' COLLATE pg_catalog.default"),
        "SELECT 'warehouse' AS a, 'x' ~ 'y'"
    );
    assert_eq!(
        rewritten("select a = any(current_schemas(true)) from pg_class"),
        "SELECT array_has(current_schemas(true), a) FROM pg_catalog.pg_class"
    );
}

#[test]
fn other_statements_are_left_as_they_are() {
    for sql in ["select 1", "select * from events where type = 'click'", "select a ~ 'b' from events"] {
        let (told, of_catalog) = statement(sql).unwrap();
        assert!(!of_catalog && told.to_string().eq_ignore_ascii_case(sql), "{told}");
    }
}

#[tokio::test]
async fn every_table_of_the_catalog_can_be_made() {
    let context = crate::query::tests::engine(crate::Resources::default()).session();
    for table in crate::tables::every() {
        let rows = datafusion::datasource::empty::EmptyTable::new(table.schema());
        context.register_table(table.name, std::sync::Arc::new(rows)).unwrap();
    }
    register(&context).await.unwrap();
}
