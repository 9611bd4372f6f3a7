//! What clients of PostgreSQL's protocol ask beside data: which tables, columns and types there are, and with which settings.
//!
//! They ask in SQL over `pg_catalog`, psql for `\d`, drivers and dashboards when they start. A statement that names it is read
//! in PostgreSQL's dialect, brought into words that the engine knows ([`rewrite`]), and planned over tables and functions that
//! say what is here ([`catalog`], [`functions`]). Most of the catalog is empty here (policies, triggers, publications …): what
//! reads such a table finds nothing, and is not even planned ([`nothing`]). Every other statement means what it means on every
//! other protocol.

mod catalog;
mod functions;
mod nothing;
mod rewrite;
mod settings;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast;

use super::Failure;
use super::guard::{Refused, only_statement, only_statement_of_postgresql};
pub use settings::{DATABASE, SETTINGS, USER, VERSION, setting};

/// Words of which a statement about the catalog has one. One that has it in a text only loses nothing: the catalog is there
/// beside the tables.
const WORDS: [&str; 14] = [
    "pg_",
    "information_schema",
    "regclass",
    "regtype",
    "current_setting",
    "set_config",
    "current_schema",
    "current_database",
    "current_user",
    "current_role",
    "current_catalog",
    "session_user",
    "quote_ident",
    "version(",
];

/// A statement, and whether it is about the catalog.
pub(super) fn statement(sql: &str) -> Result<(Statement, bool), Refused> {
    let lower = sql.to_ascii_lowercase();
    if !WORDS.iter().any(|word| lower.contains(word)) {
        return Ok((only_statement(sql)?, false));
    }
    let mut statement = only_statement_of_postgresql(sql)?;
    if let Statement::Statement(inner) = &mut statement {
        rewrite::rewrite(inner);
    }
    Ok((statement, true))
}

/// The columns of a statement that finds no rows, because it reads what is empty here.
pub(super) fn finds_nothing(statement: &Statement) -> Option<SchemaRef> {
    match statement {
        Statement::Statement(inner) => match inner.as_ref() {
            ast::Statement::Query(query) => nothing::columns(query).map(|names| catalog::of_texts(&names)),
            _ => None,
        },
        _ => None,
    }
}

/// Makes the catalog known. All tables are known already.
pub(super) async fn register(context: &SessionContext) -> Result<(), Failure> {
    functions::register(context);
    catalog::register(context).await
}

#[cfg(test)]
mod tests;
