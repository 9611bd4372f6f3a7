//! What became of the batches.

use std::collections::BTreeMap;
use std::fmt;

use super::connection::Answer;
use crate::traffic::{Batch, TypeCounts};

/// Counts over all answers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answers by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests that got no answer.
    pub no_answer: u64,
    pub accepted: u64,
    pub rejected: u64,
    /// Accepted events by type, of batches without rejects.
    pub counts: TypeCounts,
    /// Bytes of bodies that were taken.
    pub body_bytes: u64,
    /// The first complaints, word for word.
    pub complaints: Vec<String>,
    /// Milliseconds from request to answer, of batches that were taken.
    pub took_ms: Vec<f32>,
}

/// More would only repeat themselves.
const COMPLAINTS_KEPT: usize = 5;

impl Tally {
    pub fn add(&mut self, batch: &Batch, answer: &Answer) {
        *self.by_status.entry(answer.status).or_default() += 1;
        self.accepted += answer.accepted;
        self.rejected += answer.rejected;
        if let Some(complaint) = &answer.complaint
            && self.complaints.len() < COMPLAINTS_KEPT
            && answer.retry_after.is_none()
        {
            self.complaints.push(format!("{} {complaint}", answer.status));
        }
        if answer.accepted == u64::from(batch.events) {
            self.counts.add_all(&batch.counts);
            self.body_bytes += batch.body.len() as u64;
            self.took_ms.push(answer.took.as_secs_f32() * 1_000.0);
        }
    }

    /// Whether anything was refused for good: a reject, or an answer that is neither 200, 202 nor "try again".
    pub fn refused(&self) -> bool {
        self.rejected > 0 || self.by_status.keys().any(|status| !matches!(status, 200 | 202 | 429 | 503))
    }

    /// The time to answer below which that part of the batches (0 to 1) lies, in milliseconds.
    pub fn quantile_ms(&self, part: f64) -> f32 {
        let mut sorted = self.took_ms.clone();
        sorted.sort_by(f32::total_cmp);
        let index = ((sorted.len() as f64 * part) as usize).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or_default()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        for (status, count) in &self.by_status {
            writeln!(formatter, "answers {status}: {count}")?;
        }
        if self.no_answer > 0 {
            writeln!(formatter, "without an answer, sent again: {}", self.no_answer)?;
        }
        writeln!(formatter, "events accepted: {}, rejected: {}", self.accepted, self.rejected)?;
        let types: Vec<_> = self.counts.iter().map(|(kind, count)| format!("{} {count}", kind.name())).collect();
        writeln!(formatter, "by type: {}", types.join(", "))?;
        write!(
            formatter,
            "time to answer: median {:.1} ms, 99 % within {:.1} ms",
            self.quantile_ms(0.5),
            self.quantile_ms(0.99)
        )?;
        for complaint in &self.complaints {
            write!(formatter, "\nrefused: {complaint}")?;
        }
        Ok(())
    }
}
