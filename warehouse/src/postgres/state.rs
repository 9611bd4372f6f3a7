//! What a session keeps between two messages.

use std::collections::HashMap;
use std::sync::Arc;

use super::tell::Transaction;
use super::word::{Word, usual_name};
use crate::limits::{POSTGRES_KEPT_MAX, POSTGRES_SETTING_BYTES_MAX};
use crate::query::split::{statements, without_comments};
use crate::query::{Failure, Given, Parameter};

/// A statement that was parsed: kept as text, since only workers read it.
#[derive(Debug)]
pub(super) struct Statement {
    pub sql: String,
    pub what: What,
    /// What the client says of its parameters; 0 for what the statement tells.
    pub types: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Nothing,
    Word(Word),
    Question,
}

impl What {
    pub(super) fn of(sql: &str) -> Self {
        match Word::of(without_comments(sql)) {
            Some(word) => Self::Word(word),
            None if statements(sql).is_empty() => Self::Nothing,
            None => Self::Question,
        }
    }
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub(super) struct Portal {
    pub statement: Arc<Statement>,
    pub parameters: Vec<Parameter>,
    pub formats: Vec<bool>,
    pub stage: Stage,
}

/// How far a portal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    New,
    /// A worker was asked. To ask it again would tell rows a second time.
    Begun,
    Ended,
}

#[derive(Debug)]
pub(super) struct State {
    statements: HashMap<String, Arc<Statement>>,
    portals: HashMap<String, Portal>,
    settings: HashMap<String, String>,
    pub transaction: Transaction,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            statements: HashMap::new(),
            portals: HashMap::new(),
            settings: HashMap::new(),
            transaction: Transaction::None,
        }
    }

    pub(super) fn parse(&mut self, name: String, sql: String, types: Vec<u32>) -> Result<(), Failure> {
        room(&name, &self.statements, "prepared statement")?;
        let several = statements(&sql).len();
        if several > 1 {
            let text = format!("{several} statements are more than one; prepare them one by one");
            return Err(Failure::theirs("several_statements", text));
        }
        let sql = sql.trim_end().trim_end_matches(';').to_owned();
        let statement = Statement { what: What::of(&sql), sql, types };
        self.statements.insert(name, Arc::new(statement));
        Ok(())
    }

    pub(super) fn bind(
        &mut self,
        portal: String,
        statement: &str,
        values: Vec<Given>,
        formats: Vec<bool>,
    ) -> Result<(), Failure> {
        room(&portal, &self.portals, "portal")?;
        let statement = self.statement(statement)?;
        let oid = |index: usize| statement.types.get(index).copied().unwrap_or_default();
        let parameters = values.into_iter().enumerate().map(|(index, given)| Parameter { oid: oid(index), given });
        let parameters = parameters.collect();
        self.portals.insert(portal, Portal { statement, parameters, formats, stage: Stage::New });
        Ok(())
    }

    pub(super) fn statement(&self, name: &str) -> Result<Arc<Statement>, Failure> {
        let found = self.statements.get(name).cloned();
        found.ok_or_else(|| Failure::theirs("unknown_statement", format!("there is no prepared statement {name:?}")))
    }

    pub(super) fn portal(&mut self, name: &str) -> Result<&mut Portal, Failure> {
        let found = self.portals.get_mut(name);
        found.ok_or_else(|| Failure::theirs("unknown_portal", format!("there is no portal {name:?}")))
    }

    pub(super) fn forget_statement(&mut self, name: &str) {
        self.statements.remove(name);
    }

    pub(super) fn forget_portal(&mut self, name: &str) {
        self.portals.remove(name);
    }

    pub(super) fn forget_statements(&mut self) {
        self.statements.clear();
    }

    /// Portals end with their transaction.
    pub(super) fn forget_portals(&mut self) {
        self.portals.clear();
    }

    /// Keeps what a client sets, to tell it again. Only this server's own settings are told by others.
    pub(super) fn set(&mut self, name: &str, value: String) {
        let name = usual_name(name);
        let small = name.len() + value.len() <= POSTGRES_SETTING_BYTES_MAX;
        if small && (self.settings.len() < POSTGRES_KEPT_MAX || self.settings.contains_key(&name)) {
            self.settings.insert(name, value);
        }
    }

    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(&usual_name(name)).map(String::as_str)
    }
}

/// Whether one more can be kept. The one without a name is replaced.
fn room<T>(name: &str, kept: &HashMap<String, T>, what: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Ok(());
    }
    if kept.contains_key(name) {
        return Err(Failure::theirs("duplicate_name", format!("there is a {what} {name:?} already; close it first")));
    }
    if kept.len() >= POSTGRES_KEPT_MAX {
        let text = format!("{POSTGRES_KEPT_MAX} of a {what} are kept already; close some first");
        return Err(Failure::theirs("too_many_kept", text));
    }
    Ok(())
}
