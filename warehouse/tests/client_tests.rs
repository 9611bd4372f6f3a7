//! Real clients of PostgreSQL's protocol (psycopg, psql, pgjdbc) and of Flight SQL (ADBC, Arrow's JDBC driver), over TLS and with a token.
#![allow(clippy::unwrap_used, reason = "a test is read where it fails")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::server::Server;
use support::{SITE, landed};

/// Whether the real parts are wanted.
fn clients_wanted() -> bool {
    let wanted = std::env::var("CT_REAL_PARTS").as_deref() == Ok("1");
    if !wanted {
        eprintln!(
            "client_tests: NOT RUN. It needs psycopg, psql, ADBC and two JDBC drivers: install them with `infra/dev/setup.sh`, then run \
             `make test`, or this test alone with CT_REAL_PARTS=1"
        );
    }
    wanted
}

fn ran(command: &mut Command) -> String {
    let done = command.output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{text}");
    text
}

/// A certificate for 127.0.0.1 and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
    ran(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate));
    (certificate, key)
}

/// A server of twenty events, over TLS and with a token of their site, and what a client is told of it.
struct Served {
    server: Server,
    token: String,
    certificate: PathBuf,
    _landing: support::Landing,
    _temporary: tempfile::TempDir,
}

/// Serves a protocol, `postgres` or `flight`.
fn serve(protocol: &str) -> Served {
    let (landing, temporary) = (landed(), tempfile::tempdir().unwrap());
    let (certificate, key) = certificate(temporary.path());
    let access = temporary.path().join("access.toml");
    let token = Command::new(env!("CARGO_BIN_EXE_warehouse"))
        .args(["token", "--access", access.to_str().unwrap(), "new", "clients", "--site", SITE])
        .output()
        .unwrap();
    let token = String::from_utf8(token.stdout).unwrap().trim().to_owned();
    let [listen, with, by] = ["listen", "certificate", "key"].map(|part| format!("--{protocol}-{part}"));
    let arguments = [
        ["--access", access.to_str().unwrap()],
        [&listen, "127.0.0.1:0"],
        [&with, certificate.to_str().unwrap()],
        [&by, key.to_str().unwrap()],
    ]
    .concat();
    let server = Server::start(&landing.url(), temporary.path(), &arguments);
    Served { server, token, certificate, _landing: landing, _temporary: temporary }
}

impl Served {
    fn given(&self, port: u16) -> [String; 3] {
        [port.to_string(), self.token.clone(), self.certificate.to_str().unwrap().to_owned()]
    }
}

#[tokio::test]
async fn psycopg_psql_and_pgjdbc_find_what_is_there() {
    if !clients_wanted() {
        return;
    }
    let served = serve("postgres");
    let given = served.given(served.server.postgres.unwrap().port());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let python = ran(Command::new(testkit::readers::python()).arg("-B").arg(tests.join("clients.py")).args(&given));
    println!("{python}");
    let driver = testkit::readers::pgjdbc();
    let java = ran(Command::new("java").arg("-cp").arg(driver).arg(tests.join("Clients.java")).args(&given));
    println!("{java}");
}

#[tokio::test]
async fn adbc_and_jdbc_find_what_is_there() {
    if !clients_wanted() {
        return;
    }
    let served = serve("flight");
    let given = served.given(served.server.flight.unwrap().port());
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let python = ran(Command::new(testkit::readers::python()).arg("-B").arg(tests.join("flight.py")).args(&given));
    println!("{python}");
    // Its Arrow reaches into the memory of Java's buffers.
    let java = ran(Command::new("java")
        .arg("--add-opens=java.base/java.nio=ALL-UNNAMED")
        .arg("-cp")
        .arg(testkit::readers::flight_jdbc())
        .arg(tests.join("FlightSql.java"))
        .args(&given));
    println!("{java}");
}
