//! What new links do to the tables: which rows are new, which sessions they give, which rows change.
//!
//! Compaction and the live view both use it, so that what a query sees before and after a compaction is the same.
//! `events` takes its rows from landing ([`Merge`]); every other table follows from `events` with these rows in it and
//! from landing ([`Derivation`]). [`Effect`] is either.
//!
//! A round of compaction that fits has its rows in memory ([`held`]): they are read once and ordered once, and every table that
//! is as far takes its rows from there. What does not fit, a table that has been left behind, and the live view, which
//! reads the columns of a question only, are computed by selects over the files. Which rows are new and which session they
//! are in is computed once and by one code for both ([`sessionize`]).

pub(crate) mod alone;
mod arranged;
mod derivation;
mod events;
pub(crate) mod files;
mod functions;
pub(crate) mod held;
mod ids;
mod keys;
mod landed;
mod memo;
mod open;
mod part;
mod past;
mod repeats;
pub(crate) mod sessionize;
pub(crate) mod strangers;
mod tabs;
mod touched;
mod until;
pub(crate) mod visitors;
mod walked;

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::datasource::TableProvider;
use datafusion::prelude::DataFrame;

pub(crate) use derivation::Derivation;
pub(crate) use events::Merge;
pub(crate) use functions::lookup;
pub(crate) use memo::Memo;
pub(crate) use open::Open;
pub(crate) use part::Part;
pub(crate) use until::EventsUntil;

use held::HeldRows;
use strangers::Strangers;

use crate::curated::{CuratedFile, Version};
use crate::tables::Table;

/// Tables that other tables read, as they are now.
pub(crate) type Others = Vec<(&'static Table, Arc<dyn TableProvider>)>;

/// The effect of some links on a version of a table.
pub(crate) enum Effect {
    /// Also for a table that has rows of the same events and is as far, while these are in memory.
    OnEvents(Arc<Merge>),
    OnDerived(Arc<Derivation>),
}

impl Effect {
    /// The links' rows, where they are in memory and all that the table takes.
    pub(crate) fn held(&self) -> Option<(&Merge, &HeldRows)> {
        match self {
            Self::OnEvents(merge) => Some((merge, merge.held()?)),
            Self::OnDerived(_) => None,
        }
    }

    /// Whether it reads or changes rows of a visitor or a tab of these.
    pub(crate) fn meets(&self, strangers: &Strangers) -> bool {
        match self {
            Self::OnEvents(merge) => merge.meets(strangers),
            Self::OnDerived(derivation) => derivation.meets(strangers),
        }
    }

    /// Whether the rows are computed from events that come session by session.
    pub(crate) fn in_order(&self) -> bool {
        matches!(self, Self::OnDerived(derivation) if derivation.in_order())
    }

    /// Sessions whose rows may change in the next rounds, as far as that is known: those that the rows follow from.
    pub(crate) fn open(&self) -> Option<&Arc<Open>> {
        match self {
            Self::OnEvents(_) => None,
            Self::OnDerived(derivation) => derivation.open(),
        }
    }

    /// Places of the files of `base` that hold rows which change.
    pub(crate) async fn changed_files(&self, base: &Version) -> anyhow::Result<HashSet<usize>> {
        match self {
            Self::OnEvents(merge) => merge.changed_files(base).await,
            Self::OnDerived(derivation) => derivation.changed_files(base).await,
        }
    }

    /// A part of the rows that join those of `base`, or replace some.
    pub(crate) async fn new_rows(&self, base: &Version, others: &Others, part: Part) -> anyhow::Result<DataFrame> {
        match self {
            Self::OnEvents(merge) => merge.new_rows(part).await,
            Self::OnDerived(derivation) => derivation.new_rows(base, others, part).await,
        }
    }

    /// The rows of some files of `base` that stay, in their final sessions.
    pub(crate) async fn kept_rows(&self, base: &Version, files: &[&CuratedFile]) -> anyhow::Result<DataFrame> {
        match self {
            Self::OnEvents(merge) => merge.kept_rows(base, files).await,
            Self::OnDerived(derivation) => derivation.kept_rows(base, files).await,
        }
    }
}
