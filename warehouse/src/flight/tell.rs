//! Why there is no answer, as a status of gRPC (<https://grpc.io/docs/guides/status-codes/>).

use tonic::{Code, Status};

use crate::limits::FLIGHT_STATUS_BYTES_MAX;
use crate::query::{Blame, Failure};

pub(super) fn status(failure: &Failure) -> Status {
    let text = failure.to_string();
    Status::new(code(failure), bounded(&text))
}

fn code(failure: &Failure) -> Code {
    match failure.code() {
        "unknown_table" => Code::NotFound,
        "not_supported" => Code::Unimplemented,
        "refused_statement" => Code::PermissionDenied,
        "too_many_rows" | "too_many_bytes" | "too_complex" | "statement_too_costly" => Code::ResourceExhausted,
        _ => match failure.blame() {
            Blame::Asker => Code::InvalidArgument,
            Blame::Load | Blame::Stop => Code::Unavailable,
            Blame::Us => Code::Internal,
        },
    }
}

/// The beginning of a text that fits when all its letters but the plain ones are escaped (`%C3%A4`), as gRPC sends it.
fn bounded(text: &str) -> &str {
    let mut bytes = 0;
    let end = text.char_indices().find(|&(_, letter)| {
        bytes += if matches!(letter, ' '..='~') && letter != '%' { 1 } else { 3 * letter.len_utf8() };
        bytes > FLIGHT_STATUS_BYTES_MAX
    });
    end.map_or(text, |(end, _)| &text[..end])
}

/// What this server does not do, and what to do instead.
pub(super) fn not_here(what: &str) -> Status {
    Status::unimplemented(what)
}

/// What writes.
pub(super) fn reads_only() -> Status {
    Status::permission_denied(
        "this server only reads: it takes statements that select, and values for their parameters",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_has_its_status() {
        for (failure, expected) in [
            (Failure::theirs("unknown_table", "a"), Code::NotFound),
            (Failure::theirs("refused_statement", "a"), Code::PermissionDenied),
            (Failure::theirs("invalid_sql", "a"), Code::InvalidArgument),
            (Failure::too_costly("a"), Code::ResourceExhausted),
            (Failure::busy("a"), Code::Unavailable),
            (Failure::stopping(), Code::Unavailable),
            (Failure::engine_fault("a"), Code::Internal),
        ] {
            let told = status(&failure);
            assert_eq!((told.code(), told.message()), (expected, failure.to_string().as_str()));
        }
    }

    #[test]
    fn a_text_fits_the_headers_of_every_client() {
        assert_eq!(bounded("plain"), "plain");
        assert_eq!(bounded(&"a".repeat(5_000)).len(), 4_096);
        assert_eq!(bounded(&"ä".repeat(1_000)).chars().count(), 682);
        assert_eq!(bounded(&"%".repeat(5_000)).len(), 1_365);
    }
}
