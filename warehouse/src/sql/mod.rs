//! SQL from outside, in processes of its own.
//!
//! The front ([`Pool`]) parses nothing and computes nothing: it queues a statement ([`slots`]), hands it to a warm
//! worker ([`child`]) and passes the answer on ([`relay`]). The worker ([`worker`]) is this same program; it plans,
//! computes and writes the answer ([`encode`]) under limits that the kernel keeps ([`confine`]). Whatever ends it (time,
//! memory, processor time, a stack, a panic) is told as that statement's [`Failure`] ([`cause`]), and another takes its
//! place. Nobody else notices.

mod cause;
mod child;
mod confine;
mod encode;
mod here;
mod newest;
mod once;
mod pool;
mod protocol;
mod relay;
mod slots;
mod usage;
pub mod worker;

use std::time::Duration;

use crate::query::Failure;
pub use child::Program;
pub(crate) use here::written;
pub use once::once;
pub use pool::Pool;
pub use protocol::Form;
pub use relay::Reply;

use crate::limits::{
    QUERY_MS_MAX, SPILL_BYTES_MAX, SQL_BYTES_MAX, SQL_MEMORY_BYTES_MAX, SQL_QUEUE_MAX, SQL_WORKERS_MAX,
};
use crate::query::guard::Refused;
use crate::query::{Limits, Parameter, Scope};
use protocol::Ask;

/// How statements are worked on.
#[derive(Clone, Debug)]
pub struct Settings {
    pub program: Program,
    /// The store's address.
    pub store: String,
    /// Statements that run at the same time.
    pub workers_max: usize,
    /// Statements that wait for one of these to end.
    pub queue_max: usize,
    /// Memory of one statement.
    pub memory_bytes_max: usize,
    /// Disk of one statement, for what does not fit in memory.
    pub spill_bytes_max: u64,
    /// Time of one statement, and the longest wait before it.
    pub time: Duration,
}

impl Settings {
    /// The default limits, on a store.
    pub fn new(store: &str) -> Self {
        Self {
            program: Program::default(),
            store: store.to_owned(),
            workers_max: SQL_WORKERS_MAX,
            queue_max: SQL_QUEUE_MAX,
            memory_bytes_max: SQL_MEMORY_BYTES_MAX,
            spill_bytes_max: SPILL_BYTES_MAX,
            time: Duration::from_millis(QUERY_MS_MAX),
        }
    }

    /// Processor time of one statement. The front ends a statement by the clock; this is for when the front itself
    /// cannot: no statement can use more in that time than all cores give.
    fn cpu_seconds_max(&self) -> u64 {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        (self.time.as_secs() + 1).saturating_mul(cores)
    }
}

/// One statement, and the answer that is wanted of it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Name of the token by which it is asked. Empty where only one asks, as on the command line.
    pub asker: String,
    pub sql: String,
    /// Whose rows are there for the one who asks.
    pub scope: Scope,
    pub form: Form,
    /// Values of `$1`, `$2` …
    pub parameters: Vec<Parameter>,
    pub limits: Limits,
    /// The answer begins when it is known whole, or larger than this (Arrow): up to then an error can be told instead. 0 for rows
    /// as they come.
    pub held_bytes_max: usize,
}

impl Question {
    fn ask(&self, settings: &Settings) -> Result<Ask, Failure> {
        if self.sql.len() > SQL_BYTES_MAX {
            return Err(Refused::TooLong(self.sql.len()).into());
        }
        Ok(Ask {
            sql: self.sql.clone(),
            scope: self.scope.clone(),
            form: self.form.clone(),
            parameters: self.parameters.clone(),
            rows_max: self.limits.rows_max,
            bytes_max: self.limits.bytes_max,
            held_bytes_max: self.held_bytes_max,
            cpu_seconds_max: settings.cpu_seconds_max(),
        })
    }
}
