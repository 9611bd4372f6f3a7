//! Messages to a client.

use crate::format::postgres::message;
use crate::query::{Blame, Failure};

/// Whether the client is in a transaction, and whether that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    None,
    Open,
    Failed,
}

pub(super) fn ready(transaction: Transaction) -> Vec<u8> {
    message(
        b'Z',
        match transaction {
            Transaction::None => b"I",
            Transaction::Open => b"T",
            Transaction::Failed => b"E",
        },
    )
}

/// How a statement ended, such as `SELECT 5`.
pub(super) fn complete(tag: &str) -> Vec<u8> {
    message(b'C', &ended(tag))
}

/// A setting that the client follows.
pub(super) fn parameter(name: &str, value: &str) -> Vec<u8> {
    message(b'S', &[ended(name), ended(value)].concat())
}

/// Why there is no answer, with the code by which drivers tell errors apart (SQLSTATE).
pub(super) fn failure(failure: &Failure) -> Vec<u8> {
    error("ERROR", state(failure), &failure.to_string())
}

/// An error that ends the connection.
pub(super) fn fatal(state: &str, text: &str) -> Vec<u8> {
    error("FATAL", state, text)
}

pub(super) fn error(severity: &str, state: &str, text: &str) -> Vec<u8> {
    message(b'E', &report(severity, state, text))
}

pub(super) fn notice(text: &str) -> Vec<u8> {
    message(b'N', &report("NOTICE", "00000", text))
}

fn report(severity: &str, state: &str, text: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in [(b'S', severity), (b'V', severity), (b'C', state), (b'M', text)] {
        body.push(field);
        body.extend_from_slice(&ended(value));
    }
    body.push(0);
    body
}

/// A text of which NUL is the end, and so in no other place.
fn ended(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
    bytes.push(0);
    bytes
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn state(failure: &Failure) -> &'static str {
    match failure.code() {
        "invalid_sql" | "empty_statement" | "several_statements" => "42601",
        "unknown_table" => "42P01",
        "unknown_column" => "42703",
        "not_supported" => "0A000",
        "refused_statement" => "25006",
        "invalid_value" => "22023",
        "division_by_zero" => "22012",
        "overflow" => "22003",
        "missing_parameter" => "08P01",
        "too_many_rows" | "too_many_bytes" | "too_complex" | "statement_too_costly" => "54000",
        "cancelled" => "57014",
        "failed_transaction" => "25P02",
        "unknown_statement" => "26000",
        "unknown_portal" => "34000",
        "duplicate_name" => "42P05",
        "too_many_kept" => "54000",
        _ => match failure.blame() {
            Blame::Asker => "42000",
            Blame::Load => "53000",
            Blame::Stop => "57P01",
            Blame::Us => "XX000",
        },
    }
}
