//! Flight SQL, call by call. What real clients make of it is in `client_tests.rs`.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::net::SocketAddr;
use std::sync::Arc;

use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetImportedKeys, CommandGetPrimaryKeys, CommandGetSqlInfo,
    CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo, CommandPreparedStatementUpdate,
    CommandStatementUpdate, ProstMessageExt,
};
use arrow_flight::{Action, FlightData, FlightDescriptor, HandshakeRequest, IpcMessage, Ticket};
use bytes::Bytes;
use datafusion::arrow::array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Schema};
use futures::stream::iter;
use prost::Message;
use support::flight::{Client, prepared, statement, texts};
use support::server::{PATIENCE, Server, until};
use support::{SITE, landed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

/// Nothing interrupts it, and it takes years.
/// Of no constants, which would be computed when the statement is described.
const ENDLESS: &str =
    "select levenshtein(repeat('a', 16000000 + cast(value as int)), repeat('b', 16000000)) from generate_series(1, 1)";

struct Served {
    server: Server,
    at: SocketAddr,
    _landing: support::Landing,
    _temporary: tempfile::TempDir,
}

/// A server of twenty events, and its address for Flight SQL. No statement is too slow, whatever else the machine does.
fn serve(arguments: &[&str]) -> Served {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let all = [&["--flight-listen", "127.0.0.1:0", "--query-time", "1h"], arguments].concat();
    let server = Server::start(&landing.url(), temporary.path(), &all);
    let at = server.flight.unwrap();
    Served { server, at, _landing: landing, _temporary: temporary }
}

async fn connect(served: &Served) -> Client {
    Client::connect(served.at, "").await
}

fn row(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

#[tokio::test]
async fn statements_are_described_as_they_are_answered() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let told = client.ask("select type, count(*) as n, null from events group by 1 order by 1").await.unwrap();
    assert_eq!(told, [["click", "10", ""], ["pointer", "10", ""]]);
    assert_eq!(client.ask("select seq from events where false").await.unwrap(), Vec::<Vec<String>>::new());
    // Whatever columns are to the engine: views, dictionaries, parts that are never null.
    for sql in [
        "select * from pointer limit 1",
        "select * from friction",
        "select arrow_cast(type, 'Dictionary(Int32, Utf8)') as t, named_struct('a', 1, 'b', 'x') as s, map(['k'], [1]) as m from events",
        "select count(*), max(seq), array_agg(type) from events",
        "explain select 1",
    ] {
        client.rows(&statement(sql)).await.unwrap();
    }
    for (sql, code) in [
        ("select * from nothing", Code::NotFound),
        ("select nothing from events", Code::InvalidArgument),
        ("selec", Code::InvalidArgument),
        ("", Code::InvalidArgument),
        ("select 1; select 2", Code::InvalidArgument),
        ("delete from events", Code::PermissionDenied),
        ("drop table events", Code::PermissionDenied),
        ("copy (select 1) to '/tmp/copied.csv'", Code::PermissionDenied),
        ("select 1/0", Code::InvalidArgument),
        ("select $1", Code::InvalidArgument),
        ("select repeat('x', 2000000000)", Code::ResourceExhausted),
        ("select repeat('x', 5000000)", Code::ResourceExhausted),
        (&format!("select '{}'", "x".repeat(70_000)), Code::ResourceExhausted),
    ] {
        let told = client.ask(sql).await.unwrap_err();
        assert_eq!(told.code(), code, "{:.80}: {told}", sql);
        assert!(!told.message().is_empty());
    }
    assert_eq!(client.ask("select 1").await.unwrap(), [["1"]], "no failure is anybody else's");
}

/// Rows come in messages that every client takes, and nobody holds all of them.
#[tokio::test]
async fn a_large_answer_comes_in_bounded_messages() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let wide = "select value, repeat('x', 1000) as t from generate_series(1, 100000) order by 1";
    let rows = client.rows(&statement(wide)).await.unwrap();
    assert!(rows.len() > 100_000_000 / (4 << 20), "{} messages", rows.len());
    let numbers: Vec<i64> = rows
        .iter()
        .flat_map(|batch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec())
        .collect();
    assert!(numbers.into_iter().eq(1..=100_000));
    // A row that is nearly as large as a message, after small ones.
    let uneven = "select repeat('x', case when value = 3 then 3900000 else 10 end) as t from generate_series(1, 3)";
    assert_eq!(texts(&client.rows(&statement(uneven)).await.unwrap())[2][0].len(), 3_900_000);
}

#[tokio::test]
async fn statements_are_prepared_and_bound() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    for sql in [
        "select seq, type from events where seq >= $1 and type = $2 order by seq",
        "select seq, type from events where seq >= ? and type = ? order by seq",
    ] {
        let told = client.prepare(sql).await.unwrap();
        let schema = |bytes: &Bytes| Schema::try_from(IpcMessage(bytes.clone())).unwrap();
        let kinds = schema(&told.parameter_schema);
        let kinds: Vec<String> = kinds.fields().iter().map(|field| field.data_type().to_string()).collect();
        assert_eq!(kinds, ["Int64", "Utf8"], "{sql}");
        assert_eq!(schema(&told.dataset_schema).field(0).name(), "seq");
        let handle = told.prepared_statement_handle;
        let values = |least: i64, kind: &str| {
            row(vec![
                ("a", Arc::new(Int64Array::from(vec![least])) as ArrayRef),
                ("b", Arc::new(StringArray::from(vec![kind])) as ArrayRef),
            ])
        };
        let bound = client.bind(&handle, values(17, "click")).await.unwrap();
        assert_eq!(texts(&client.rows(&prepared(&bound)).await.unwrap()), [["18", "click"]]);
        let hostile = client.bind(&handle, values(0, "'; drop table events; --")).await.unwrap();
        assert!(client.rows(&prepared(&hostile)).await.unwrap().is_empty());
        assert_eq!(texts(&client.rows(&prepared(&bound)).await.unwrap()).len(), 1, "each handle is for itself");
        // Without its values.
        assert_eq!(client.rows(&prepared(&handle)).await.unwrap_err().code(), Code::InvalidArgument);
    }
    // Where the engine cannot tell a type, the value does.
    let told = client.prepare("select date_trunc(?, occurred_at) as t from events limit 1").await.unwrap();
    assert_eq!(Schema::try_from(IpcMessage(told.parameter_schema)).unwrap().field(0).data_type(), &DataType::Utf8);
    let unit = row(vec![("a", Arc::new(StringArray::from(vec!["day"])) as ArrayRef)]);
    let bound = client.bind(&told.prepared_statement_handle, unit).await.unwrap();
    assert_eq!(texts(&client.rows(&prepared(&bound)).await.unwrap()), [["2026-11-20T00:00:00Z"]]);
    let handle = client.prepare("select $1 is null as a").await.unwrap().prepared_statement_handle;
    let null = row(vec![("a", Arc::new(StringArray::from(vec![None::<&str>])) as ArrayRef)]);
    let bound = client.bind(&handle, null).await.unwrap();
    assert_eq!(texts(&client.rows(&prepared(&bound)).await.unwrap()), [["true"]]);

    // The type of a column may be that of a value.
    let handle_of_value = client.prepare("select $1 as a").await.unwrap().prepared_statement_handle;
    let seven = row(vec![("a", Arc::new(Int64Array::from(vec![7])) as ArrayRef)]);
    let bound = client.bind(&handle_of_value, seven).await.unwrap();
    let rows = client.rows(&prepared(&bound)).await.unwrap();
    assert_eq!((rows[0].schema().field(0).data_type(), texts(&rows)), (&DataType::Int64, vec![vec!["7".to_owned()]]));

    // What is no row of values is told when the statement is asked, by the process that reads it.
    let two = row(vec![("a", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]);
    let bound = client.bind(&handle, two).await.unwrap();
    let refused = client.rows(&prepared(&bound)).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().contains("one row"), "{refused}");
    let garbage = FlightData { data_header: Bytes::from_static(&[7; 16]), ..FlightData::default() };
    let bound = client.put(&prepared(&handle), vec![garbage]).await.unwrap();
    assert_eq!(client.rows(&prepared(&bound)).await.unwrap_err().code(), Code::InvalidArgument);
    let large = row(vec![("a", Arc::new(BinaryArray::from_vec(vec![&[0; 90_000]])) as ArrayRef)]);
    assert_eq!(client.bind(&handle, large).await.unwrap_err().code(), Code::ResourceExhausted);
    let forged = Bytes::from_static(b"\xff\xff\xff\xff\x7f");
    assert_eq!(client.info(&prepared(&forged)).await.unwrap_err().code(), Code::InvalidArgument);

    // What writes.
    let update = CommandStatementUpdate { query: "delete from events".into(), transaction_id: None };
    assert_eq!(client.put(&update, vec![FlightData::default()]).await.unwrap_err().code(), Code::PermissionDenied);
    let update = CommandPreparedStatementUpdate { prepared_statement_handle: handle };
    assert_eq!(client.put(&update, vec![FlightData::default()]).await.unwrap_err().code(), Code::PermissionDenied);
    let begin = client.with(Action { r#type: "BeginTransaction".into(), body: Bytes::new() });
    assert_eq!(client.inner.do_action(begin).await.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_client_finds_what_there_is() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    assert_eq!(texts(&client.rows(&CommandGetCatalogs {}).await.unwrap()), [["telemetry"]]);
    assert_eq!(texts(&client.rows(&CommandGetDbSchemas::default()).await.unwrap()), [["telemetry", "public"]]);
    assert_eq!(texts(&client.rows(&CommandGetTableTypes {}).await.unwrap()), [["TABLE"], ["VIEW"]]);
    let tables = |pattern: Option<&str>, types: &[&str], include_schema: bool| CommandGetTables {
        table_name_filter_pattern: pattern.map(str::to_owned),
        table_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
        include_schema,
        ..CommandGetTables::default()
    };
    let named = async |client: &mut Client, asked: CommandGetTables| {
        let rows = texts(&client.rows(&asked).await.unwrap());
        rows.into_iter().map(|row| format!("{} {}", row[3], row[2])).collect::<Vec<_>>()
    };
    let all = named(&mut client, tables(None, &[], false)).await;
    assert!(all.contains(&"TABLE events".to_owned()) && all.contains(&"VIEW friction".to_owned()), "{all:?}");
    assert_eq!(named(&mut client, tables(Some("page%"), &[], false)).await, ["TABLE page_views"]);
    assert!(named(&mut client, tables(None, &["VIEW"], false)).await.iter().all(|name| name.starts_with("VIEW ")));
    // The columns that are told are those that a statement finds.
    for rows in client.rows(&tables(None, &[], true)).await.unwrap() {
        let schemas = rows.column(4).as_any().downcast_ref::<BinaryArray>().unwrap().clone();
        for (name, bytes) in texts(&[rows]).into_iter().map(|row| row[2].clone()).zip(&schemas) {
            let told = Schema::try_from(IpcMessage(Bytes::copy_from_slice(bytes.unwrap()))).unwrap();
            let info = client.info(&statement(&format!("select * from {name}"))).await.unwrap();
            assert_eq!(info.try_decode_schema().unwrap(), told, "{name}");
        }
    }
    let facts = client.rows(&CommandGetSqlInfo::default()).await.unwrap();
    assert!(facts[0].num_rows() > 10);
    let some = client.rows(&CommandGetSqlInfo { info: vec![0, 3] }).await.unwrap();
    assert_eq!(texts(&some).iter().map(|row| row[0].clone()).collect::<Vec<_>>(), ["0", "3"]);
    assert_eq!(client.rows(&CommandGetPrimaryKeys::default()).await.unwrap()[0].num_rows(), 0);
    assert_eq!(client.rows(&CommandGetImportedKeys::default()).await.unwrap()[0].num_rows(), 0);
    assert_eq!(client.rows(&CommandGetXdbcTypeInfo::default()).await.unwrap()[0].num_rows(), 0);
    let schema = client.with(FlightDescriptor::new_cmd(statement("select 1 as one").as_any().encode_to_vec()));
    let told = client.inner.get_schema(schema).await.unwrap().into_inner();
    assert_eq!(Schema::try_from(&told).unwrap().field(0).name(), "one");
    for nothing in [Vec::new(), b"x".to_vec(), b"\x0a\x01x".to_vec()] {
        let ticket = client.with(Ticket { ticket: nothing.clone().into() });
        assert!(client.inner.do_get(ticket).await.is_err(), "{nothing:?}");
        let descriptor = client.with(FlightDescriptor::new_cmd(nothing));
        assert!(client.inner.get_flight_info(descriptor).await.is_err());
    }
    assert!(client.inner.get_flight_info(FlightDescriptor::new_path(vec!["a".into()])).await.is_err());
}

/// A statement ends with the call that fetches it, and with the connection.
#[tokio::test]
async fn a_client_that_goes_away_frees_its_slot() {
    let served = serve(&["--sql-workers-max", "1", "--sql-queue-max", "0"]);
    let freed = async || {
        let mut other = connect(&served).await;
        let asked = async {
            loop {
                match other.ask("select 1").await {
                    Ok(rows) => return rows,
                    Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
                }
            }
        };
        assert_eq!(timeout(PATIENCE, asked).await.expect("its worker is freed"), [["1"]]);
        served.server.rests().await;
    };
    let busy = async || {
        served.server.works().await;
        assert_eq!(connect(&served).await.ask("select 1").await.unwrap_err().code(), Code::Unavailable);
    };
    let mut client = connect(&served).await;
    let info = client.info(&statement(ENDLESS)).await.unwrap();
    served.server.rests().await;
    tokio::select! {
        end = client.fetch(info.clone()) => panic!("what takes years has ended: {end:?}"),
        () = busy() => {}
    }
    freed().await;
    // The connection with the call.
    let fetching = tokio::spawn(async move { client.fetch(info).await.is_ok() });
    busy().await;
    fetching.abort();
    assert!(fetching.await.unwrap_err().is_cancelled());
    freed().await;
    // In the middle of an answer that is not read: whoever has gone holds nothing.
    let mut client = connect(&served).await;
    let endless = "select value, repeat('x', 1000) as t from generate_series(1, 9000000)";
    let info = client.info(&statement(endless)).await.unwrap();
    let mut begun = client.begin(info).await.unwrap();
    assert!(begun.message().await.unwrap().is_some());
    assert_eq!(connect(&served).await.ask("select 1").await.unwrap_err().code(), Code::Unavailable);
    drop(begun);
    freed().await;
}

/// What is not read is not made: the worker waits for its reader.
#[tokio::test]
async fn an_answer_that_is_not_read_is_held_back() {
    let served = serve(&[]);
    let mut client = connect(&served).await;
    let info = client.info(&statement("select value, repeat('x', 1000) as t from generate_series(1, 4000000)")).await;
    let mut begun = client.begin(info.unwrap()).await.unwrap();
    assert!(begun.message().await.unwrap().is_some());
    // Until nobody computes any more.
    let pids = || served.server.workers().into_iter().chain([served.server.id()]);
    let used = || pids().map(support::server::cpu_ticks).sum::<u64>();
    let (mut before, mut still) = (used(), 0);
    until("it waits for its reader", || {
        let now = used();
        still = if now == before { still + 1 } else { 0 };
        before = now;
        still > 25
    })
    .await;
    let peak: u64 = pids().map(support::server::peak_bytes).max().unwrap();
    assert!(peak < 1 << 30, "4 GB are not held by anybody: {peak} bytes");
}

#[tokio::test]
async fn only_a_token_lets_in_and_it_sees_its_sites_only() {
    let folder = tempfile::tempdir().unwrap();
    let access = folder.path().join("access.toml");
    let access = access.to_str().unwrap();
    let token = |name: &str, site: &str| {
        let made = std::process::Command::new(env!("CARGO_BIN_EXE_warehouse"))
            .args(["token", "--access", access, "new", name, "--site", site])
            .output()
            .unwrap();
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    };
    let (shop, elsewhere) = (token("shop", SITE), token("elsewhere", "elsewhere"));
    let served = serve(&["--access", access]);
    let count = "select count(*) from events";
    for (authorization, rows) in [(&shop, "20"), (&elsewhere, "0")] {
        let mut client = Client::connect(served.at, &format!("Bearer {authorization}")).await;
        assert_eq!(client.ask(count).await.unwrap(), [[rows]]);
    }
    for wrong in ["", "Bearer ctw_guessed", &format!("Token {shop}"), &shop] {
        let mut client = Client::connect(served.at, wrong).await;
        assert_eq!(client.ask(count).await.unwrap_err().code(), Code::Unauthenticated, "{wrong}");
        assert_eq!(client.prepare(count).await.unwrap_err().code(), Code::Unauthenticated);
        let tables = CommandGetTables::default();
        assert_eq!(client.info(&tables).await.unwrap_err().code(), Code::Unauthenticated);
    }
    // A handle of one is for another no more than its statement.
    let mut own = Client::connect(served.at, &format!("Bearer {shop}")).await;
    let handle = own.prepare(count).await.unwrap().prepared_statement_handle;
    let info = own.info(&statement(count)).await.unwrap();
    let mut other = Client::connect(served.at, &format!("Bearer {elsewhere}")).await;
    assert_eq!(texts(&other.rows(&prepared(&handle)).await.unwrap()), [["0"]]);
    assert_eq!(texts(&other.fetch(info).await.unwrap().1), [["0"]]);
    // As a password, for the token to be sent from then on.
    let basic =
        format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("me:{shop}")));
    let mut client = Client::connect(served.at, &basic).await;
    let request = client.with(iter([HandshakeRequest::default()]));
    let told = client.inner.handshake(request).await.unwrap();
    assert_eq!(told.metadata().get("authorization").unwrap(), &format!("Bearer {shop}"));
    assert_eq!(client.ask(count).await.unwrap(), [["20"]]);
    assert!(served.server.flight.is_some());
}

#[tokio::test]
async fn who_says_nothing_or_nonsense_is_left() {
    let served = serve(&["--token", "secret"]);
    let closed = async |sent: &[u8]| {
        let mut stream = TcpStream::connect(served.at).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut told = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut told)).await.expect("it is closed");
    };
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for sent in [&b""[..], b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", &[0; 64], preface] {
        closed(sent).await;
    }
    // Who has called with a right may be silent.
    let mut client = Client::connect(served.at, "Bearer secret").await;
    assert_eq!(client.ask("select 1").await.unwrap(), [["1"]]);
    let large = client.info(&statement(&"x".repeat(600_000))).await.unwrap_err();
    assert_eq!(large.code(), Code::OutOfRange, "{large}");
    let mut nobody = Client::connect(served.at, "").await;
    let large = nobody.info(&statement(&"x".repeat(600_000))).await.unwrap_err();
    assert_eq!(large.code(), Code::Unauthenticated, "who has no right is not listened to: {large}");
}
