//! What may be asked at all, decided on the text alone: one statement, one that reads, of bounded length. Only workers
//! read it: a text can be made to be costly to parse.

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast;
use datafusion::sql::sqlparser::dialect::{Dialect, GenericDialect, PostgreSqlDialect};
use datafusion::sql::sqlparser::parser::ParserError;
use thiserror::Error;

use super::Failure;
use crate::engine::one_line;
use crate::limits::SQL_BYTES_MAX;

/// Why a text is not asked.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refused {
    #[error("there is no statement; ask for example: select type, count(*) from events group by 1")]
    Empty,
    #[error("{0} bytes of SQL are more than {SQL_BYTES_MAX}")]
    TooLong(usize),
    #[error("the statement is nested too deeply to be read; write it flatter")]
    TooDeep,
    #[error("{0} statements are more than one; send them one by one")]
    Several(usize),
    #[error("SQL: {0}")]
    Syntax(String),
    #[error("only queries are allowed: {0}")]
    Statement(String),
}

impl Refused {
    /// The error's code in answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_statement",
            Self::TooLong(_) | Self::TooDeep => "too_complex",
            Self::Several(_) => "several_statements",
            Self::Syntax(_) => "invalid_sql",
            Self::Statement(_) => "refused_statement",
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::theirs(refused.code(), refused)
    }
}

/// The text's only statement, if it is one that reads.
pub fn only_statement(sql: &str) -> Result<Statement, Refused> {
    only_statement_in(sql, &GenericDialect {})
}

/// The same, in words that only PostgreSQL has.
pub(super) fn only_statement_of_postgresql(sql: &str) -> Result<Statement, Refused> {
    only_statement_in(sql, &PostgreSqlDialect {})
}

fn only_statement_in(sql: &str, dialect: &dyn Dialect) -> Result<Statement, Refused> {
    if sql.len() > SQL_BYTES_MAX {
        return Err(Refused::TooLong(sql.len()));
    }
    let mut statements = DFParser::parse_sql_with_dialect(sql, dialect).map_err(|error| syntax(&error))?;
    match statements.len() {
        0 => Err(Refused::Empty),
        1 => reading(statements.pop_front().ok_or(Refused::Empty)?),
        several => Err(Refused::Several(several)),
    }
}

fn syntax(error: &DataFusionError) -> Refused {
    match error.find_root() {
        DataFusionError::SQL(parser, _) if **parser == ParserError::RecursionLimitExceeded => Refused::TooDeep,
        DataFusionError::SQL(parser, _) => {
            let (ParserError::TokenizerError(text) | ParserError::ParserError(text)) = parser.as_ref() else {
                return Refused::Syntax(one_line(parser));
            };
            Refused::Syntax(one_line(text))
        }
        other => Refused::Syntax(one_line(&other.strip_backtrace())),
    }
}

fn reading(statement: Statement) -> Result<Statement, Refused> {
    let reads = match &statement {
        Statement::Statement(inner) => is_query(inner),
        Statement::Explain(explain) => {
            matches!(explain.statement.as_ref(), Statement::Statement(inner) if is_query(inner))
        }
        _ => false,
    };
    if reads {
        return Ok(statement);
    }
    let text = statement.to_string();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    Err(Refused::Statement(format!("{} …", words.join(" "))))
}

fn is_query(statement: &ast::Statement) -> bool {
    match statement {
        ast::Statement::Query(_)
        | ast::Statement::ShowTables { .. }
        | ast::Statement::ShowColumns { .. }
        | ast::Statement::ExplainTable { .. } => true,
        ast::Statement::Explain { statement, .. } => is_query(statement),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
