//! Recordings: into the books, out of the tables, and into fewer files.
//!
//! Their two tables follow from no other, so each is sealed by itself, and a landing file may go when both have its link.

mod maintain;
mod removal;
mod seal;
mod search;
mod tidy;
mod visitor;

pub(super) use maintain::Plan;
pub(super) use search::search;
pub(super) use visitor::erase;
