//! What is answered without a worker, known by its first words: settings, and transactions, which are nothing where everybody
//! only reads.

use crate::query::postgres::{SETTINGS, setting};

/// A command of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Of a transaction; the tag that answers it.
    Begin(&'static str),
    Commit,
    Rollback,
    /// To a savepoint: the transaction goes on, also when it has failed.
    RollbackTo,
    /// Nothing to be done; the tag that answers it.
    Nothing(&'static str),
    Set {
        name: String,
        value: String,
    },
    /// A setting's name.
    Show(String),
    ShowAll,
    /// A kept statement's name; none for all.
    Deallocate(Option<String>),
    /// Everything that is kept.
    Discard,
    /// What only looks as if it did nothing; why it is refused.
    Refused(&'static str),
}

impl Word {
    /// The command that a statement is, if it is one.
    pub(super) fn of(statement: &str) -> Option<Self> {
        let words: Vec<String> = statement.split_whitespace().take(8).map(str::to_ascii_lowercase).collect();
        let words: Vec<&str> = words.iter().map(|word| word.trim_end_matches(';')).collect();
        Some(match words.as_slice() {
            ["begin", ..] => Self::Begin("BEGIN"),
            ["start", "transaction", ..] => Self::Begin("START TRANSACTION"),
            ["rollback", "to", ..] | ["rollback", "work" | "transaction", "to", ..] => Self::RollbackTo,
            ["commit" | "end", ..] => Self::Commit,
            ["rollback" | "abort", ..] => Self::Rollback,
            ["savepoint", ..] => Self::Nothing("SAVEPOINT"),
            ["release", ..] => Self::Nothing("RELEASE"),
            ["unlisten", ..] => Self::Nothing("UNLISTEN"),
            ["close", ..] => Self::Nothing("CLOSE CURSOR"),
            ["set", "role", "none"] | ["set", "session", "authorization", "default"] => Self::Nothing("SET"),
            ["set", "role" | "session_authorization", ..] | ["set", "session", "authorization", ..] => {
                Self::Refused("there are no roles here: a token says what one may see")
            }
            ["reset", ..] => Self::Nothing("RESET"),
            ["discard", "all"] => Self::Discard,
            ["discard", "plans"] => Self::Nothing("DISCARD PLANS"),
            ["discard", "sequences"] => Self::Nothing("DISCARD SEQUENCES"),
            ["discard", "temp" | "temporary"] => Self::Nothing("DISCARD TEMP"),
            ["deallocate", "prepare", "all"] | ["deallocate", "all"] => Self::Deallocate(None),
            ["deallocate", "prepare", _] | ["deallocate", _] => Self::Deallocate(
                statement.split_whitespace().last().map(|name| name.trim_end_matches(';').replace('"', "")),
            ),
            ["set", "transaction" | "constraints", ..] | ["set", "session", "characteristics", ..] => {
                Self::Nothing("SET")
            }
            ["set", "time", "zone", ..] | ["set", "session" | "local", "time", "zone", ..] => {
                Self::Set { name: "TimeZone".to_owned(), value: statement.split_whitespace().last()?.to_owned() }
            }
            ["set", ..] => set(statement)?,
            ["show", "all"] => Self::ShowAll,
            ["show", "transaction", "isolation", "level"] => Self::Show("transaction_isolation".to_owned()),
            ["show", "time", "zone"] => Self::Show("TimeZone".to_owned()),
            ["show", name] => Self::Show(setting(name).is_some().then(|| (*name).to_owned())?),
            _ => return None,
        })
    }
}

/// `set [session|local] name = value` or `… to value`.
fn set(statement: &str) -> Option<Word> {
    let rest = statement.trim().trim_end_matches(';').split_once(char::is_whitespace)?.1.trim();
    let rest =
        ["session ", "local ", "SESSION ", "LOCAL "].iter().find_map(|scope| rest.strip_prefix(scope)).unwrap_or(rest);
    let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace())?;
    let (name, value) = rest.split_at(end);
    let value = value.trim_start();
    let value = value
        .strip_prefix('=')
        .or_else(|| value.get(..2).filter(|to| to.eq_ignore_ascii_case("to")).map(|_| &value[2..]))?;
    let value = value.trim().trim_matches('\'').to_owned();
    Some(Word::Set { name: name.trim_matches('"').to_owned(), value })
}

/// The name of a setting in its usual case.
pub(super) fn usual_name(name: &str) -> String {
    let known = SETTINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_ascii_lowercase(), |(known, _)| (*known).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_and_statements_left_alone() {
        let set = |name: &str, value: &str| Some(Word::Set { name: name.into(), value: value.into() });
        assert_eq!(Word::of("SET extra_float_digits = 3"), set("extra_float_digits", "3"));
        assert_eq!(Word::of("set application_name='a b';"), set("application_name", "a b"));
        assert_eq!(Word::of("SET SESSION datestyle TO 'ISO'"), set("datestyle", "ISO"));
        assert_eq!(Word::of("SET TIME ZONE 'Europe/Berlin'"), set("TimeZone", "'Europe/Berlin'"));
        assert_eq!(Word::of("BEGIN READ ONLY"), Some(Word::Begin("BEGIN")));
        assert_eq!(Word::of("ROLLBACK TO SAVEPOINT a"), Some(Word::RollbackTo));
        assert_eq!(Word::of("rollback"), Some(Word::Rollback));
        assert_eq!(Word::of("DISCARD SEQUENCES"), Some(Word::Nothing("DISCARD SEQUENCES")));
        assert_eq!(Word::of("discard all;"), Some(Word::Discard));
        assert_eq!(Word::of("SET SESSION AUTHORIZATION DEFAULT"), Some(Word::Nothing("SET")));
        assert!(matches!(Word::of("set session authorization admin"), Some(Word::Refused(_))));
        assert_eq!(Word::of("show TRANSACTION ISOLATION LEVEL"), Some(Word::Show("transaction_isolation".into())));
        assert_eq!(Word::of("DEALLOCATE \"_p1\""), Some(Word::Deallocate(Some("_p1".into()))));
        assert!(matches!(Word::of("set role admin"), Some(Word::Refused(_))));
        for statement in
            ["select 1", "show tables", "show columns from events", "with a as (select 1) select 1", "set", "set x"]
        {
            assert_eq!(Word::of(statement), None, "{statement}");
        }
    }
}
