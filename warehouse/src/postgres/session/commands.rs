//! Commands of a session, which no worker is asked for.

use super::super::state::{State, What};
use super::super::tell::{self, Transaction};
use super::super::word::{Word, usual_name};
use super::{Ended, Session, TOLD};
use crate::format::postgres::{Column, Kind, message, row_description};
use crate::query::Failure;
use crate::query::postgres::{SETTINGS, setting};

impl Session<'_> {
    /// Answers a command of the session; `described` when its columns are still to be told.
    pub(super) async fn word(&mut self, word: Word, described: bool) -> Result<(), Ended> {
        if !matches!(word, Word::Commit | Word::Rollback | Word::RollbackTo) {
            self.check_transaction()?;
        }
        let mut tag = "SET";
        match word {
            Word::Begin(begun) => {
                tag = begun;
                self.state.transaction = Transaction::Open;
            }
            Word::Commit | Word::Rollback => {
                let kept = word == Word::Commit && self.state.transaction != Transaction::Failed;
                tag = if kept { "COMMIT" } else { "ROLLBACK" };
                self.state.transaction = Transaction::None;
                self.end_portals();
            }
            Word::RollbackTo => {
                tag = "ROLLBACK";
                if self.state.transaction == Transaction::Failed {
                    self.state.transaction = Transaction::Open;
                }
            }
            Word::Nothing(nothing) => tag = nothing,
            Word::Set { name, value } => self.set(&name, value).await?,
            Word::Show(_) | Word::ShowAll => {
                tag = "SHOW";
                if described {
                    self.out.push(&columns_of(&What::Word(word.clone()))).await?;
                }
                for row in self.shown(&word) {
                    self.out.push(&text_row(&row)).await?;
                }
            }
            Word::Deallocate(name) => {
                tag = "DEALLOCATE";
                match name {
                    Some(name) => self.state.forget_statement(&name),
                    None => self.state.forget_statements(),
                }
            }
            Word::Discard => {
                tag = "DISCARD ALL";
                self.end_portals();
                self.state = State::new();
            }
            Word::Refused(why) => return Err(Failure::theirs("refused_statement", why).into()),
        }
        Ok(self.out.push(&tell::complete(tag)).await?)
    }

    async fn set(&mut self, name: &str, value: String) -> Result<(), Ended> {
        match usual_name(name).as_str() {
            "client_encoding" => {
                let plain = value.to_ascii_lowercase().replace(['-', '_', '"'], "");
                if !["utf8", "unicode", "sqlascii", "default"].contains(&plain.as_str()) {
                    return Err(Failure::theirs("invalid_value", "this server speaks UTF8 only").into());
                }
            }
            "TimeZone" => {
                let plain = value.trim_matches('\'').to_ascii_uppercase();
                if !["UTC", "ETC/UTC", "GMT", "Z", "DEFAULT", "LOCAL"].contains(&plain.as_str()) {
                    let text = "times are told in UTC, with their zone; `at time zone` gives the local ones";
                    self.out.push(&tell::notice(text)).await?;
                }
            }
            usual => {
                self.state.set(usual, value.clone());
                if TOLD.contains(&usual) {
                    let value = self.setting(usual);
                    self.out.push(&tell::parameter(usual, &value)).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn setting(&self, name: &str) -> String {
        self.state.setting(name).or_else(|| setting(name)).unwrap_or_default().to_owned()
    }

    fn shown(&self, word: &Word) -> Vec<Vec<String>> {
        match word {
            Word::Show(name) => vec![vec![self.setting(name)]],
            _ => SETTINGS.iter().map(|(name, _)| vec![(*name).to_owned(), self.setting(name), String::new()]).collect(),
        }
    }
}

/// What is told of the columns of a command, or of nothing.
pub(super) fn columns_of(what: &What) -> Vec<u8> {
    let names = match what {
        What::Word(Word::Show(name)) => vec![name.clone()],
        What::Word(Word::ShowAll) => ["name", "setting", "description"].map(str::to_owned).to_vec(),
        _ => return message(b'n', b""),
    };
    let columns = names.into_iter().map(|name| Column { name, kind: Kind::Text, binary: false });
    row_description(&columns.collect::<Vec<_>>())
}

/// A row of texts, which are the same in binary.
fn text_row(values: &[String]) -> Vec<u8> {
    let mut body = (values.len() as i16).to_be_bytes().to_vec();
    for value in values {
        body.extend_from_slice(&(value.len() as i32).to_be_bytes());
        body.extend_from_slice(value.as_bytes());
    }
    message(b'D', &body)
}
