//! Why there is no answer: a code for programs, one line for people, and whose matter it is.

use std::borrow::Cow;

use datafusion::arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::{one_line, spill_exhausted};
use crate::limits::{GIVEN_CHARS_MAX, MESSAGE_CHARS_MAX};

/// Whose matter a failure is, and so its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blame {
    /// The statement's: 400.
    Asker,
    /// Too many ask at the same time: 429.
    Load,
    /// The program ends: 503.
    Stop,
    /// Ours, the store's or the query engine's: 500.
    Us,
}

/// Why there is no answer. Shown as one line for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Failure {
    code: String,
    message: String,
    blame: Blame,
    /// For the log, not for the one who asked.
    detail: Option<String>,
}

/// What the engine says, under several kinds of its errors, when a value has more room to fill than there is. The type of an
/// error does not tell this, nor the next two; `tests.rs` holds a statement for each of these words, so that an engine with
/// other words is noticed.
pub(super) const COSTLY: [&str; 5] =
    ["failed to allocate", "memory allocation", "size overflow", "exceeds the maximum", "exceeds size limit"];
/// Of a name for which there is no table, around the name.
pub(super) const NO_TABLE: [&str; 2] = ["table '", "' not found"];
/// Of types that do not go together: called a bug of the engine, and one of the statement.
pub(super) const NO_COERCION: &str = "Failed to coerce";

impl Failure {
    /// The error's code in answers.
    pub fn code(&self) -> &str {
        &self.code
    }

    pub fn blame(&self) -> Blame {
        self.blame
    }

    /// Whether the one who asked can mend it.
    pub fn is_theirs(&self) -> bool {
        self.blame == Blame::Asker
    }

    /// What stands behind it, for the log.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    pub fn with_detail(self, detail: impl ToString) -> Self {
        Self { detail: Some(shortened(&detail)), ..self }
    }

    /// The statement's own matter.
    pub fn theirs(code: &str, message: impl ToString) -> Self {
        Self::new(code, message, Blame::Asker)
    }

    /// The statement costs more than one may; `message` says which limit, its value, and the way out.
    pub fn too_costly(message: impl ToString) -> Self {
        Self::theirs("statement_too_costly", message)
    }

    /// The store, the system or this program failed.
    pub fn ours(message: impl ToString) -> Self {
        Self::new("failed", message, Blame::Us)
    }

    /// The query engine broke on a statement that may be well-formed.
    pub fn engine_fault(detail: impl ToString) -> Self {
        let message = "the query engine failed on this statement, and the fault is the engine's; written differently, \
                       the statement may work";
        Self::new("engine_fault", message, Blame::Us).with_detail(detail)
    }

    pub fn busy(message: impl ToString) -> Self {
        Self::new("busy", message, Blame::Load)
    }

    pub fn stopping() -> Self {
        Self::new("stopping", "the program ends; ask again when it is back", Blame::Stop)
    }

    fn new(code: &str, message: impl ToString, blame: Blame) -> Self {
        Self { code: code.to_owned(), message: shortened(&message), blame, detail: None }
    }

    /// More memory than the query engine's pool, or disk than it may take.
    pub fn out_of_memory(what: impl ToString) -> Self {
        let what = shortened(&what);
        Self::too_costly(format!("the statement needs more memory than it may have; ask for less ({what})"))
    }
}

/// Errors may quote the statement, or a value: one line of bounded length is enough.
fn shortened(text: &impl ToString) -> String {
    let line = one_line(text);
    match line.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None => line,
    }
}

/// The beginning of what somebody gave, for an error that goes on to tell what is wrong with it.
pub(crate) fn cut(given: &str) -> Cow<'_, str> {
    match given.char_indices().nth(GIVEN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &given[..end]).into(),
        None => given.into(),
    }
}

impl From<DataFusionError> for Failure {
    /// Planning and values are the asker's, memory is a limit, the store is ours; what the engine itself calls a bug is
    /// a fault of the engine.
    fn from(error: DataFusionError) -> Self {
        let root = error.find_root();
        let text = root.message();
        let text = text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or_default();
        if COSTLY.iter().any(|words| text.contains(words)) {
            return Self::too_costly(format!("the statement makes a value too large; ask for less ({text})"));
        }
        match root {
            root if spill_exhausted(root) => Self::out_of_memory(text),
            DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
                SchemaError::FieldNotFound { .. } => Self::theirs("unknown_column", text),
                _ => Self::theirs("invalid_sql", text),
            },
            DataFusionError::Plan(plain) if NO_TABLE.iter().all(|words| plain.contains(words)) => {
                Self::theirs("unknown_table", text)
            }
            DataFusionError::Plan(_)
            | DataFusionError::SQL(..)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Collection(_)
            | DataFusionError::Configuration(_) => Self::theirs("invalid_sql", text),
            DataFusionError::NotImplemented(_) => {
                Self::theirs("not_supported", format!("this query engine cannot do that: {text}"))
            }
            DataFusionError::Internal(plain) if plain.contains(NO_COERCION) => {
                Self::theirs("invalid_sql", plain.split(".\n").next().unwrap_or_default())
            }
            DataFusionError::Execution(_) => Self::theirs("invalid_value", text),
            DataFusionError::ArrowError(arrow, _) => Self::from_arrow(arrow),
            DataFusionError::ResourcesExhausted(what) => Self::out_of_memory(what),
            DataFusionError::ObjectStore(_) | DataFusionError::IoError(_) | DataFusionError::ParquetError(_) => {
                Self::ours(format!("the statement could not be answered: {text}"))
            }
            _ => Self::engine_fault(error.strip_backtrace()),
        }
    }
}

impl Failure {
    fn from_arrow(error: &ArrowError) -> Self {
        match error {
            ArrowError::DivideByZero => Self::theirs("division_by_zero", "division by zero; see nullif(divisor, 0)"),
            ArrowError::ArithmeticOverflow(text) => {
                Self::theirs("overflow", format!("{text}; cast to double or to a wider decimal first"))
            }
            ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::JsonError(_) => {
                Self::theirs("invalid_value", format!("{error}; try_cast gives null for what does not fit"))
            }
            ArrowError::NotYetImplemented(text) => {
                Self::theirs("not_supported", format!("this query engine cannot do that: {text}"))
            }
            ArrowError::MemoryError(_)
            | ArrowError::DictionaryKeyOverflowError
            | ArrowError::RunEndIndexOverflowError
            | ArrowError::OffsetOverflowError(_) => Self::too_costly(format!(
                "the statement makes a column of more values or bytes than one may hold; ask for less ({error})"
            )),
            ArrowError::IoError(..) | ArrowError::ParquetError(_) => {
                Self::ours(format!("the statement could not be answered: {error}"))
            }
            _ => Self::engine_fault(error),
        }
    }
}

#[cfg(test)]
mod tests;
