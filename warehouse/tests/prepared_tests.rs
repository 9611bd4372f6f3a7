//! What PostgreSQL's protocol tells of a statement before it is run, which clients that read binary rely on, and the values that they
//! send in binary.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use support::landed;
use support::postgres::{Client, Told, describe, execute, message, parse, sync};
use support::server::Server;

const BOOL: u32 = 16;
const INT8: u32 = 20;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const JSON: u32 = 114;
const FLOAT8: u32 = 701;
const TIMESTAMPTZ: u32 = 1184;
const INTERVAL: u32 = 1186;
const NUMERIC: u32 = 1700;
const UUID: u32 = 2950;
const JSONB: u32 = 3802;
const INT4_ARRAY: u32 = 1007;
const TEXT_ARRAY: u32 = 1009;
const INT8_ARRAY: u32 = 1016;
const FLOAT8_ARRAY: u32 = 1022;
const UUID_ARRAY: u32 = 2951;

struct Served {
    client: Client,
    _server: Server,
    _landing: support::Landing,
    _temporary: tempfile::TempDir,
}

/// A client of a server of twenty events, whose `seq` goes from 0 to 19.
async fn served() -> Served {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let server =
        Server::start(&landing.url(), temporary.path(), &["--postgres-listen", "127.0.0.1:0", "--query-time", "1h"]);
    let client = Client::connect(server.postgres.unwrap(), "").await.unwrap();
    Served { client, _server: server, _landing: landing, _temporary: temporary }
}

/// `Bind` of the unnamed statement: values and rows in binary.
fn bind(values: &[Option<Vec<u8>>]) -> Vec<u8> {
    let mut body = b"\0\0\0\x01\0\x01".to_vec();
    body.extend_from_slice(&(values.len() as u16).to_be_bytes());
    for value in values {
        match value {
            Some(bytes) => body.extend_from_slice(&[&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()),
            None => body.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }
    body.extend_from_slice(&[0, 1, 0, 1]);
    message(b'B', &body)
}

/// What is told of a statement, and then of its rows.
async fn asked(client: &mut Client, sql: &str, types: &[u32], values: &[Option<Vec<u8>>]) -> (Told, Told) {
    let told = client.ask(&[parse("", sql, types), describe(b'S', ""), sync()]).await;
    let rows = client.ask(&[bind(values), describe(b'P', ""), execute("", 0), sync()]).await;
    (told, rows)
}

fn int8(number: i64) -> Option<Vec<u8>> {
    Some(number.to_be_bytes().to_vec())
}

fn float8(number: f64) -> Option<Vec<u8>> {
    Some(number.to_be_bytes().to_vec())
}

fn text(text: &str) -> Option<Vec<u8>> {
    Some(text.as_bytes().to_vec())
}

/// Digits before and behind the point, of four each.
fn numeric(weight: i16, scale: i16, groups: &[i16]) -> Option<Vec<u8>> {
    let head = [groups.len() as i16, weight, 0, scale];
    Some(head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect())
}

fn array(item: u32, items: &[Option<Vec<u8>>]) -> Option<Vec<u8>> {
    let mut bytes = [1, 1, item, items.len() as u32, 1].map(u32::to_be_bytes).concat();
    for item in items {
        let length = item.as_ref().map_or(-1, |item| item.len() as i32);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(item.as_deref().unwrap_or_default());
    }
    Some(bytes)
}

/// A statement, the types that the client says, those that are told, its values, and the type and bytes of its only answer.
type Case<'a> = (&'a str, &'a [u32], &'a [u32], Vec<Option<Vec<u8>>>, u32, Option<Vec<u8>>);

async fn check(cases: Vec<Case<'_>>) {
    let mut served = served().await;
    let mut mistakes = Vec::new();
    for (sql, said, types, values, kind, answer) in cases {
        let (told, rows) = asked(&mut served.client, sql, said, &values).await;
        let kinds = |told: &Told| told.columns.iter().map(|(_, kind)| *kind).collect::<Vec<_>>();
        let found = (told.types.clone(), kinds(&told), kinds(&rows), rows.rows.clone());
        if found != (types.to_vec(), vec![kind], vec![kind], vec![vec![answer]]) {
            mistakes.push(format!("{sql} {said:?}: {found:?} {:?} {:?}", told.error, rows.error));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[tokio::test]
async fn what_is_told_of_a_statement_is_what_its_rows_are() {
    let mean = "select case when count(*) = 0 then 0 else sum(seq) * 1.0 / count(*) end from events";
    let first = "select seq from events order by seq";
    let (limit, offset) = (format!("{first} limit $1"), format!("{first} limit 1 offset $1"));
    check(vec![
        (mean, &[], &[], vec![], FLOAT8, float8(9.5)),
        ("select coalesce(1, 2.5)", &[], &[], vec![], FLOAT8, float8(1.0)),
        // The types that a client says.
        ("select seq * $1 from events where seq = 3", &[FLOAT8], &[FLOAT8], vec![float8(0.5)], FLOAT8, float8(1.5)),
        ("select seq * $1 from events where seq = 3", &[], &[INT8], vec![int8(2)], INT8, int8(6)),
        ("select $1", &[INT4], &[INT4], vec![Some(vec![0, 0, 0, 7])], INT4, Some(vec![0, 0, 0, 7])),
        ("select $1", &[INT4], &[INT4], vec![None], INT4, None),
        ("select $1", &[], &[TEXT], vec![text("a")], TEXT, text("a")),
        ("select $1 is null", &[INT8], &[INT8], vec![None], BOOL, Some(vec![1])),
        // The types that the statement tells.
        ("select $1::bigint", &[], &[INT8], vec![int8(7)], INT8, int8(7)),
        ("select cast($1 as double) + $1", &[], &[FLOAT8], vec![float8(0.5)], FLOAT8, float8(1.0)),
        (&limit, &[], &[INT8], vec![int8(1)], INT8, int8(0)),
        (&offset, &[], &[INT8], vec![int8(4)], INT8, int8(4)),
        (&limit, &[INT4], &[INT4], vec![Some(vec![0, 0, 0, 1])], INT8, int8(0)),
        // Where the engine cannot tell a type, its value does; where it wants a value, nothing else.
        (
            "select date_trunc($1, occurred_at) < now() from events limit 1",
            &[],
            &[TEXT],
            vec![text("day")],
            BOOL,
            Some(vec![1]),
        ),
        (
            "select date_trunc($1, max(occurred_at)) from events where seq > $2",
            &[],
            &[TEXT, INT8],
            vec![text("day"), int8(19)],
            TIMESTAMPTZ,
            None,
        ),
        (
            "select max(before) from (select lag(seq, $1) over (order by seq) as before from events)",
            &[INT8],
            &[INT8],
            vec![int8(2)],
            INT8,
            int8(17),
        ),
    ])
    .await;
}

#[tokio::test]
async fn values_come_in_binary() {
    let count = "select count(*) from events where";
    let (among, without) = (format!("{count} seq = any($1)"), format!("{count} seq <> all($1)"));
    let (among_texts, either) =
        (format!("{count} type = any($1)"), format!("{count} $2::bigint is null or seq = any($1)"));
    let ahead = "select seq from events where seq = any($1) and seq > $2 order by 1 limit $3";
    let id = "00010203-0405-0607-0809-0a0b0c0d0e0f";
    let is_id = format!("select $1 = '{id}'");
    let is_among_ids = format!("select '{id}' = any($1)");
    let id_bytes: Option<Vec<u8>> = Some((0..16).collect());
    let json = [&b"\x01"[..], b"{\"a\": 1}"].concat();
    let numbers = array(INT8, &[int8(1), None, int8(3)]);
    check(vec![
        (
            "select $1",
            &[NUMERIC],
            &[NUMERIC],
            vec![numeric(1, 2, &[1, 2345, 5000])],
            NUMERIC,
            numeric(1, 2, &[1, 2345, 5000]),
        ),
        (
            "select seq * $1 from events where seq = 3",
            &[NUMERIC],
            &[NUMERIC],
            vec![numeric(-1, 1, &[5000])],
            NUMERIC,
            numeric(0, 1, &[1, 5000]),
        ),
        ("select $1", &[NUMERIC], &[NUMERIC], vec![None], NUMERIC, None),
        (
            "select cast($1 as decimal(10, 2))",
            &[],
            &[NUMERIC],
            vec![numeric(0, 1, &[1, 5000])],
            NUMERIC,
            numeric(0, 2, &[1, 5000]),
        ),
        (&is_id, &[UUID], &[UUID], vec![id_bytes.clone()], BOOL, Some(vec![1])),
        ("select $1", &[JSONB], &[JSONB], vec![Some(json)], TEXT, text("{\"a\": 1}")),
        ("select $1", &[JSON], &[JSON], vec![text("{}")], TEXT, text("{}")),
        // Lists, of the type that is told and of types that a client says.
        (&among, &[], &[INT8_ARRAY], vec![numbers.clone()], INT8, int8(2)),
        (&among, &[INT4_ARRAY], &[INT4_ARRAY], vec![array(INT4, &[Some(vec![0, 0, 0, 5])])], INT8, int8(1)),
        (&among, &[FLOAT8_ARRAY], &[FLOAT8_ARRAY], vec![array(FLOAT8, &[float8(5.0), float8(5.5)])], INT8, int8(1)),
        (&among, &[], &[INT8_ARRAY], vec![array(INT8, &[])], INT8, int8(0)),
        (&among, &[], &[INT8_ARRAY], vec![None], INT8, int8(0)),
        (&without, &[], &[INT8_ARRAY], vec![array(INT8, &[int8(1), int8(3)])], INT8, int8(18)),
        (&among_texts, &[], &[TEXT_ARRAY], vec![array(TEXT, &[text("click"), text("'")])], INT8, int8(10)),
        (&either, &[], &[INT8_ARRAY, INT8], vec![numbers, int8(1)], INT8, int8(2)),
        (
            ahead,
            &[],
            &[INT8_ARRAY, INT8, INT8],
            vec![array(INT8, &[int8(1), int8(3), int8(5)]), int8(1), int8(1)],
            INT8,
            int8(3),
        ),
        (&is_among_ids, &[UUID_ARRAY], &[UUID_ARRAY], vec![array(UUID, &[id_bytes])], BOOL, Some(vec![1])),
        (
            "select array_length($1)",
            &[INT8_ARRAY],
            &[INT8_ARRAY],
            vec![array(INT8, &[int8(1), None])],
            NUMERIC,
            numeric(0, 0, &[2]),
        ),
    ])
    .await;
}

#[tokio::test]
async fn values_that_are_cut_or_not_known_are_refused() {
    let mut served = served().await;
    let client = &mut served.client;
    for (sql, kind, value, code) in [
        ("select $1", NUMERIC, numeric(i16::MAX, 0, &[1]).unwrap(), "22023"),
        ("select $1", NUMERIC, vec![0; 7], "22023"),
        ("select $1", UUID, vec![0; 15], "22023"),
        ("select $1", JSONB, b"{}".to_vec(), "22023"),
        ("select $1", INT8_ARRAY, [1, 0, INT8, u32::MAX, 1].map(u32::to_be_bytes).concat(), "22023"),
        ("select $1", INT8_ARRAY, [1, 0, INT8, 1, 1, i32::MAX as u32].map(u32::to_be_bytes).concat(), "22023"),
        ("select $1", INTERVAL, vec![0; 16], "0A000"),
        ("select occurred_at + $1 from events", INTERVAL, vec![0; 16], "0A000"),
    ] {
        let (_, rows) = asked(client, sql, &[kind], &[Some(value)]).await;
        assert_eq!(rows.code(), code, "{sql} {kind}: {:?}", rows.error);
        assert!(kind != INTERVAL || rows.error.unwrap().1.contains("interval"));
    }
    // A number of a parameter is no reason to hold so many.
    let (told, _) = asked(client, "select $4000000000", &[], &[]).await;
    assert_eq!(told.code(), "54000", "{:?}", told.error);
    assert_eq!(client.query("select 1").await.complete, ["SELECT 1"]);
}
