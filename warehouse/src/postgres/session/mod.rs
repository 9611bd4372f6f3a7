//! A session: message after message, in the order in which they come.
//!
//! After an error, what a client has sent ahead is skipped up to its next `Sync`, as the protocol has it.

mod commands;
mod extended;

use std::collections::{HashMap, VecDeque};
use std::io;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::Postgres;
use super::message::Message;
use super::out::Out;
use super::rows::{Piece, Rows};
use super::running::Cancellable;
use super::state::{State, What};
use super::tell::{self, Transaction};
use crate::access::Right;
use crate::format::postgres::message;
use crate::query::split::statements;
use crate::query::{Blame, Failure, Limits, Parameter};
use crate::sql::{Form, Question};

/// Settings that clients follow.
const TOLD: [&str; 10] = [
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "server_version",
    "standard_conforming_strings",
    "TimeZone",
];

/// Why something is not done.
pub(super) enum Ended {
    /// The client is told.
    Failed(Failure),
    /// There is nobody to be told.
    Gone(io::Error),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

pub(super) struct Session<'a> {
    shared: &'a Postgres,
    right: Right,
    /// Hash of the token.
    key: Option<Vec<u8>>,
    pub(super) out: Out,
    cancellable: Cancellable,
    gone: CancellationToken,
    state: State,
    /// Portals that have begun to answer, with what is left of their rows, each of which holds a worker. The last one was read last.
    begun: VecDeque<(String, Rows)>,
    /// After an error, up to `Sync`.
    skips: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        shared: &'a Postgres,
        right: Right,
        out: Out,
        cancellable: Cancellable,
        gone: CancellationToken,
    ) -> Self {
        let key = shared.access.signer(&right.name).map(|(key, _)| key);
        Self { shared, right, key, out, cancellable, gone, state: State::new(), begun: VecDeque::new(), skips: false }
    }

    /// Tells the settings, and by which numbers others may cancel.
    pub(super) async fn greet(&mut self, settings: &HashMap<String, String>) -> io::Result<()> {
        if let Some(name) = settings.get("application_name") {
            self.state.set("application_name", name.clone());
        }
        for name in TOLD {
            let value = self.setting(name);
            self.out.push(&tell::parameter(name, &value)).await?;
        }
        let (number, secret) = self.cancellable.key;
        self.out.push(&message(b'K', &[number.to_be_bytes(), secret.to_be_bytes()].concat())).await?;
        self.ready().await
    }

    /// Does what a message says; false when the client wants no more.
    pub(super) async fn take(&mut self, message: Message) -> io::Result<bool> {
        self.cancellable.begin();
        if matches!(message, Message::Query(_) | Message::Describe { .. } | Message::Execute { .. })
            && !self.is_let_in()
        {
            self.out
                .push(&tell::fatal("28000", "the token by which this connection was let in is none any more"))
                .await?;
            return Ok(false);
        }
        let done = match message {
            Message::Terminate => return Ok(false),
            Message::Sync => {
                self.skips = false;
                if self.state.transaction == Transaction::None {
                    self.end_portals();
                }
                return self.ready().await.map(|()| true);
            }
            Message::Query(text) => {
                self.skips = false;
                let done = self.query(&text).await;
                self.told(done).await?;
                return self.ready().await.map(|()| true);
            }
            _ if self.skips => return Ok(true),
            Message::Flush => return self.out.flush().await.map(|()| true),
            message => self.extended(message).await,
        };
        self.skips = !self.told(done).await?;
        Ok(true)
    }

    /// Whether the token is still one, and still the same; takes over what it may see now.
    fn is_let_in(&mut self) -> bool {
        match self.shared.access.signer(&self.right.name) {
            Some((key, right)) if Some(&key) == self.key.as_ref() => {
                self.right = right;
                true
            }
            _ => false,
        }
    }

    async fn ready(&mut self) -> io::Result<()> {
        self.out.push(&tell::ready(self.state.transaction)).await?;
        self.out.flush().await
    }

    /// Tells why something was not done; false then.
    async fn told(&mut self, done: Result<(), Ended>) -> io::Result<bool> {
        let failure = match done {
            Ok(()) => return Ok(true),
            Err(Ended::Gone(error)) => return Err(error),
            Err(Ended::Failed(failure)) => failure,
        };
        if failure.blame() == Blame::Us {
            tracing::error!(
                "a statement of {} failed: {failure} ({})",
                self.right.name,
                failure.detail().unwrap_or("-")
            );
        }
        self.begun.clear();
        if self.state.transaction == Transaction::Open {
            self.state.transaction = Transaction::Failed;
        }
        self.out.push(&tell::failure(&failure)).await?;
        Ok(false)
    }

    /// Statements as text, one after the other up to the first that fails.
    async fn query(&mut self, text: &str) -> Result<(), Ended> {
        let statements = statements(text);
        if statements.is_empty() {
            self.out.push(&message(b'I', b"")).await?;
        }
        for sql in statements {
            match What::of(sql) {
                What::Word(word) => self.word(word, true).await?,
                _ => {
                    self.check_transaction()?;
                    let (columns, mut rows) = self.ask(sql, Vec::new(), Vec::new()).await?;
                    self.out.push(&columns).await?;
                    self.send(&mut rows, usize::MAX).await?;
                }
            }
        }
        Ok(())
    }

    /// Asks a worker; comes back with the columns and the first rows.
    async fn ask(&self, sql: &str, parameters: Vec<Parameter>, formats: Vec<bool>) -> Result<(Bytes, Rows), Ended> {
        let question = self.question(sql, Form::Postgres { formats }, parameters);
        self.unless_stopped(async { Rows::begin(self.shared.pool.ask(&question).await?).await }).await
    }

    fn question(&self, sql: &str, form: Form, parameters: Vec<Parameter>) -> Question {
        Question {
            asker: self.right.name.clone(),
            sql: sql.to_owned(),
            scope: self.right.scope.clone(),
            form,
            parameters,
            limits: Limits::streamed(),
            held_bytes_max: 0,
        }
    }

    /// Sends rows, at most so many; true when these were the last.
    async fn send(&mut self, rows: &mut Rows, rows_max: usize) -> Result<bool, Ended> {
        let mut sent = 0;
        while sent < rows_max {
            match self.piece(rows, rows_max - sent).await? {
                Piece::Rows(bytes, ended) => {
                    sent += ended;
                    self.out.push(&bytes).await?;
                }
                Piece::End => {
                    self.out.push(&tell::complete(&format!("SELECT {sent}"))).await?;
                    return Ok(true);
                }
            }
        }
        self.out.push(&message(b's', b"")).await?;
        Ok(false)
    }

    /// The next piece. What has begun to tell a row tells it to its end before anything else: a client would take that for the row.
    async fn piece(&self, rows: &mut Rows, rows_max: usize) -> Result<Piece, Ended> {
        if !rows.is_within_row() {
            return self.unless_stopped(rows.next(rows_max)).await;
        }
        let rest = self.unless_gone(rows.next(1)).await?;
        Ok(rest.map_err(|failure| io::Error::other(format!("an answer broke off within a row: {failure}")))?)
    }

    /// Does something, unless somebody cancels it or the client goes away: that ends its statement.
    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Ended> {
        tokio::select! {
            // Rows that are there already would always come first.
            biased;
            () = self.cancellable.cancelled() => {
                Err(Failure::theirs("cancelled", "the statement was cancelled, as was asked for").into())
            }
            done = self.unless_gone(work) => Ok(done??),
        }
    }

    async fn unless_gone<T>(&self, work: impl Future<Output = T>) -> io::Result<T> {
        tokio::select! {
            biased;
            () = self.gone.cancelled() => Err(io::ErrorKind::ConnectionReset.into()),
            done = work => Ok(done),
        }
    }

    fn check_transaction(&self) -> Result<(), Failure> {
        match self.state.transaction {
            Transaction::Failed => {
                let text = "a statement of this transaction failed, so nothing more is done in it; roll it back";
                Err(Failure::theirs("failed_transaction", text))
            }
            _ => Ok(()),
        }
    }

    fn end_portal(&mut self, name: &str) {
        self.begun.retain(|(begun, _)| begun != name);
        self.state.forget_portal(name);
    }

    fn end_portals(&mut self) {
        self.begun.clear();
        self.state.forget_portals();
    }
}
