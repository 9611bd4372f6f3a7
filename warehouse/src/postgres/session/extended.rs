//! The extended protocol: statements are parsed, bound to values, described and executed by messages of their own.

use bytes::Bytes;

use super::super::message::{Kind, Message};
use super::super::rows::Rows;
use super::super::state::{Portal, Stage, What};
use super::super::tell;
use super::commands::columns_of;
use super::{Ended, Session};
use crate::format::postgres::message;
use crate::limits::POSTGRES_PORTALS_BEGUN_MAX;
use crate::query::Failure;
use crate::sql::Form;

impl Session<'_> {
    pub(super) async fn extended(&mut self, asked: Message) -> Result<(), Ended> {
        match asked {
            Message::Parse { name, sql, types } => {
                self.state.parse(name, sql, types)?;
                self.out.push(&message(b'1', b"")).await?;
            }
            Message::Bind { portal, statement, values, formats } => {
                self.end_portal(&portal);
                self.state.bind(portal, &statement, values, formats)?;
                self.out.push(&message(b'2', b"")).await?;
            }
            Message::Describe { kind: Kind::Statement, name } => self.describe_statement(&name).await?,
            Message::Describe { kind: Kind::Portal, name } => self.describe_portal(name).await?,
            Message::Execute { portal, rows_max } => self.execute(portal, rows_max).await?,
            Message::Close { kind, name } => {
                match kind {
                    Kind::Statement => self.state.forget_statement(&name),
                    Kind::Portal => self.end_portal(&name),
                }
                self.out.push(&message(b'3', b"")).await?;
            }
            // The rest of a copy that was refused.
            Message::Other(b'd' | b'c' | b'f') => {}
            Message::Other(tag) => {
                let text = format!("this server does not know the message {:?}", char::from(tag));
                return Err(Failure::theirs("not_supported", text).into());
            }
            _ => return Err(Failure::theirs("not_supported", "a password was not asked for").into()),
        }
        Ok(())
    }

    async fn describe_statement(&mut self, name: &str) -> Result<(), Ended> {
        let statement = self.state.statement(name)?;
        match &statement.what {
            What::Question => {
                self.check_transaction()?;
                let form = Form::Description { types: statement.types.clone() };
                let question = self.question(&statement.sql, form, Vec::new());
                let told = async {
                    let mut reply = self.shared.pool.ask(&question).await?;
                    let mut told = Vec::new();
                    while let Some(bytes) = reply.next().await? {
                        told.extend_from_slice(&bytes);
                    }
                    Ok(told)
                };
                let told = self.unless_stopped(told).await?;
                self.out.push(&told).await?;
            }
            what => {
                self.out.push(&message(b't', &[0, 0])).await?;
                self.out.push(&columns_of(what)).await?;
            }
        }
        Ok(())
    }

    async fn describe_portal(&mut self, name: String) -> Result<(), Ended> {
        let portal = self.state.portal(&name)?.clone();
        let told = match &portal.statement.what {
            What::Question => {
                self.check_transaction()?;
                // Its rows follow when they are asked for: most clients have asked already.
                let (columns, rows) = self.begin(&name, &portal).await?;
                self.keep(name, rows);
                columns
            }
            what => columns_of(what).into(),
        };
        Ok(self.out.push(&told).await?)
    }

    async fn execute(&mut self, name: String, rows_max: usize) -> Result<(), Ended> {
        let portal = self.state.portal(&name)?.clone();
        match &portal.statement.what {
            What::Nothing => return Ok(self.out.push(&message(b'I', b"")).await?),
            What::Word(word) => return self.word(word.clone(), false).await,
            What::Question => self.check_transaction()?,
        }
        if portal.stage == Stage::Ended {
            return Ok(self.out.push(&tell::complete("SELECT 0")).await?);
        }
        let begun = self.begun.iter().position(|(begun, _)| *begun == name);
        let mut rows = match begun.and_then(|place| self.begun.remove(place)) {
            Some((_, rows)) => rows,
            None => self.begin(&name, &portal).await?.1,
        };
        let rows_max = if rows_max == 0 { usize::MAX } else { rows_max };
        if self.send(&mut rows, rows_max).await? {
            self.state.portal(&name)?.stage = Stage::Ended;
        } else {
            self.keep(name, rows);
        }
        Ok(())
    }

    async fn begin(&mut self, name: &str, portal: &Portal) -> Result<(Bytes, Rows), Ended> {
        if portal.stage == Stage::Begun {
            let text = format!(
                "the rows of portal {name:?} are gone, since {POSTGRES_PORTALS_BEGUN_MAX} others have begun meanwhile, or one has failed; \
                 read fewer beside each other, or over several connections"
            );
            return Err(Failure::theirs("not_supported", text).into());
        }
        let begun = self.ask(&portal.statement.sql, portal.parameters.clone(), portal.formats.clone()).await?;
        self.state.portal(name)?.stage = Stage::Begun;
        Ok(begun)
    }

    /// Keeps what is left of a portal's rows. The worker of the one that was left longest ago is needed more elsewhere.
    fn keep(&mut self, name: String, rows: Rows) {
        self.begun.push_back((name, rows));
        if self.begun.len() > POSTGRES_PORTALS_BEGUN_MAX {
            self.begun.pop_front();
        }
    }
}
