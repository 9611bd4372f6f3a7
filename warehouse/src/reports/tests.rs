use super::*;
use crate::query::Given;

const OWN: &str = "\
-- How often what was clicked.
-- In two lines, with $dollars in them.
-- $site text = null: only this site
-- $from date = 7 days ago: from this day on
-- $rows integer(1..100) = 10: so many
-- $by text(page|element): what by
-- $share number(0..1) = 0.5: a share
-- $all boolean = no: all of them
-- $since time = 2026-11-20: an instant
select '$site', $rows, $by -- $nothing
from clicks where ($site is null or site_id = $site) and event_date >= $from and $share > 0 and $all and occurred_at >= $since";

fn today() -> chrono::NaiveDate {
    chrono::NaiveDate::from_ymd_opt(2026, 11, 26).unwrap()
}

fn asked(given: &[(&str, &str)]) -> Result<Vec<Option<String>>, String> {
    let given: Vec<_> = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (_, values) =
        Report::read("own", OWN).unwrap().asked(&given, today()).map_err(|failure| failure.to_string())?;
    let text = |given| match given {
        Given::Text(text) => Some(text),
        _ => None,
    };
    Ok(values.into_iter().map(|value| text(value.given)).collect())
}

#[test]
fn values_have_their_places_and_the_text_stays_as_it_is() {
    let report = Report::read("own", OWN).unwrap();
    assert_eq!(report.meaning, "How often what was clicked. In two lines, with $dollars in them.");
    let (sql, parameters) = report.asked(&[("by".into(), "page".into())], today()).unwrap();
    assert!(
        sql.contains("select '$site', $3, $4 -- $nothing\nfrom clicks where ($1 is null or site_id = $1)"),
        "{sql}"
    );
    assert_eq!(parameters.iter().map(|one| one.oid).collect::<Vec<_>>(), [25, 1082, 20, 25, 701, 16, 1184]);
    let some = |text: &str| Some(text.to_owned());
    let usual = asked(&[("by", "page")]).unwrap();
    let expected = [
        None,
        some("2026-11-19"),
        some("10"),
        some("page"),
        some("0.5"),
        some("false"),
        some("2026-11-20T00:00:00.000000Z"),
    ];
    assert_eq!(usual, expected);
    let given = [
        ("site", "null"),
        ("from", "yesterday"),
        ("rows", "100"),
        ("by", "element"),
        ("share", "1"),
        ("all", "yes"),
        ("since", "2026-11-20T12:00:00+02:00"),
    ];
    let expected = [
        some("null"),
        some("2026-11-25"),
        some("100"),
        some("element"),
        some("1"),
        some("true"),
        some("2026-11-20T10:00:00.000000Z"),
    ];
    assert_eq!(asked(&given).unwrap(), expected, "what is given is never null");
}

#[test]
fn a_value_that_is_not_allowed_is_told_with_its_name_and_what_is() {
    for (name, value, words) in [
        ("rows", "0", "rows = \"0\": allowed is a whole number from 1 to 100"),
        ("rows", "101", "from 1 to 100"),
        ("rows", "1; drop table events", "allowed is a whole number"),
        ("rows", "1.5", "allowed is a whole number"),
        ("rows", "99999999999999999999", "allowed is a whole number"),
        ("share", "NaN", "share = \"NaN\": allowed is a number from 0 to 1"),
        ("share", "1e400", "allowed is a number"),
        ("from", "2026-02-30", "from = \"2026-02-30\": allowed is a day such as"),
        ("from", "+262142-12-31", "allowed is a day"),
        ("from", "-1 days ago", "allowed is a day"),
        ("from", "99999999999 days ago", "allowed is a day"),
        ("by", "site", "by = \"site\": allowed is one of page, element"),
        ("all", "perhaps", "allowed is true or false"),
        ("since", "noon", "allowed is a time such as"),
        (
            "nothing",
            "1",
            "nothing = \"1\": report own has no such parameter; it has site, from, rows, by, share, all, since",
        ),
        ("", "", "report own has no such parameter"),
    ] {
        let mut given = vec![(name, value)];
        given.extend((name != "by").then_some(("by", "page")));
        let told = asked(&given).unwrap_err();
        assert!(told.contains(words), "{name} = {value}: {told}");
    }
    assert!(asked(&[]).unwrap_err().contains("by is missing: one of page, element, what by"));
    assert!(asked(&[("by", "page"), ("by", "page")]).unwrap_err().contains("by = \"page\": it is given twice"));
    let long = "x".repeat(crate::limits::REPORT_VALUE_BYTES_MAX + 1);
    assert!(asked(&[("by", "page"), ("site", &long)]).unwrap_err().contains("a text of 8192 bytes at most"));
}

#[test]
fn a_file_that_is_no_report_is_told_what_is_wrong() {
    let told = |name: &str, text: &str| format!("{:#}", Report::read(name, text).unwrap_err());
    for (text, words) in [
        ("select 1", "begin with a comment"),
        ("-- $site text: a site\nselect $site", "begin with a comment"),
        ("-- A.\nselect $site", "$site is not declared"),
        ("-- A.\n-- $site text = null: a site\nselect 1", "$site is declared, and stands nowhere"),
        ("-- A.\n-- $a text: a\n-- $a text: a\nselect $a", "$a is declared twice"),
        ("-- A.\n-- $format text: a\nselect $format", "call it otherwise"),
        ("-- A.\n-- $a word: a\nselect $a", "\"word\" is no type; there are text"),
        ("-- A.\n-- $a text\nselect $a", "write it as $name type: meaning"),
        ("-- A.\n-- $a integer(1): a\nselect $a", "write a range as (1..1000)"),
        ("-- A.\n-- $a integer(1..2) = 3: a\nselect $a", "$a = 3: a whole number from 1 to 2"),
        ("-- A.\n-- $a date(1..2): a\nselect $a", "a date has no bounds"),
        ("-- A.\n-- $A text: a\nselect $A", "is no name of a parameter"),
    ] {
        assert!(told("own", text).contains(words), "{text}: {}", told("own", text));
    }
    assert!(told("../own", "-- A.\nselect 1").contains("is no name of a report"));
    assert!(told("Own", "-- A.\nselect 1").contains("is no name of a report"));
}

#[test]
fn a_folder_adds_to_those_that_are_built_in_and_all_mistakes_are_told() {
    for report in Reports::default().iter() {
        assert!(!report.meaning.is_empty() && report.explained().contains(&report.name));
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("own.sql", "-- Mine.\nselect 1");
    write("pages.sql", "-- My pages.\nselect 2");
    write("readme.txt", "no report");
    let reports = Reports::with_folder(folder.path()).unwrap();
    assert_eq!(reports.iter().count(), Reports::default().iter().count() + 1);
    assert_eq!(reports.named("pages").unwrap().meaning, "My pages.");
    assert!(
        reports.named("nothing").unwrap_err().to_string().contains("there is no report \"nothing\"; there are errors,")
    );
    write("a.sql", "select 1");
    write("b.sql", "-- B.\nselect $b");
    let told = format!("{:#}", Reports::with_folder(folder.path()).unwrap_err());
    assert!(told.contains("a.sql: its first lines") && told.contains("b.sql: $b is not declared"), "{told}");
    assert!(Reports::with_folder(&folder.path().join("nowhere")).is_err());
}
