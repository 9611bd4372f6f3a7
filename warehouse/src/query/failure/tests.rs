use datafusion::common::{DataFusionError as Error, plan_datafusion_err};

use super::*;

#[test]
fn each_kind_of_error_has_its_blame() {
    let arrow = |error| Error::ArrowError(Box::new(error), None);
    let cases = [
        (plan_datafusion_err!("cannot coerce"), "invalid_sql", Blame::Asker),
        (plan_datafusion_err!("table 'a.b.c' not found"), "unknown_table", Blame::Asker),
        (arrow(ArrowError::DivideByZero), "division_by_zero", Blame::Asker),
        (arrow(ArrowError::ArithmeticOverflow("1 + 1".into())), "overflow", Blame::Asker),
        (arrow(ArrowError::CastError("x".into())), "invalid_value", Blame::Asker),
        (arrow(ArrowError::OffsetOverflowError(1)), "statement_too_costly", Blame::Asker),
        (Error::ResourcesExhausted("pool".into()), "statement_too_costly", Blame::Asker),
        (Error::NotImplemented("x".into()), "not_supported", Blame::Asker),
        (
            Error::Execution("Range too large: failed to allocate 9 elements".into()),
            "statement_too_costly",
            Blame::Asker,
        ),
        (Error::Execution("no such time zone".into()), "invalid_value", Blame::Asker),
        (Error::Internal("Failed to coerce types Boolean and Int64".into()), "invalid_sql", Blame::Asker),
        (Error::IoError(std::io::Error::other("disk")), "failed", Blame::Us),
        (Error::Internal("bug".into()), "engine_fault", Blame::Us),
        (Error::Context("rule".into(), Box::new(Error::Internal("bug".into()))), "engine_fault", Blame::Us),
        (arrow(ArrowError::InvalidArgumentError("lengths differ".into())), "engine_fault", Blame::Us),
    ];
    for (error, code, blame) in cases {
        let text = error.to_string();
        let failure = Failure::from(error);
        assert_eq!((failure.code(), failure.blame()), (code, blame), "{text}");
    }
}

#[test]
fn an_engine_fault_has_our_words_and_keeps_the_engines_for_the_log() {
    let failure = Failure::from(Error::Internal("Physical input schema should be the same\nas the logical".into()));
    assert!(!failure.message.contains("bug report") && !failure.message.contains("Physical"), "{failure}");
    assert!(failure.detail.unwrap().contains("Physical input schema should be the same as the logical"));
}

#[test]
fn messages_are_one_short_line() {
    let failure = Failure::theirs("invalid_value", format!("cannot cast\n'{}'", "ä".repeat(1_000_000)));
    assert!(failure.message.chars().count() <= MESSAGE_CHARS_MAX + 2 && !failure.message.contains('\n'));
}
