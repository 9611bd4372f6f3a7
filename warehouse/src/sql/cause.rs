//! What ended a worker, from its exit status and its last words, told as the failure of its statement.

use rustix::process::Signal;

use crate::query::Failure;

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The end of its standard error.
    pub last_words: String,
    pub memory_bytes_max: usize,
}

impl Cause {
    /// For the one whose statement it was.
    pub(super) fn failure(&self, cpu_seconds_max: u64) -> Failure {
        let memory = self.memory_bytes_max;
        let failure = match self.signal {
            Some(signal) if signal == Signal::XCPU.as_raw() => Failure::too_costly(format!(
                "the statement used more than {cpu_seconds_max} s of processor time; ask for less"
            )),
            Some(signal) if signal == Signal::KILL.as_raw() => Failure::too_costly(
                "the machine ran out of memory, and the system ended this statement to get some back; ask for less",
            ),
            _ if self.says(&["has overflowed its stack"]) => {
                Failure::too_costly("the statement is nested too deeply to be planned or computed; write it flatter")
            }
            _ if self.says(&["memory allocation of", "capacity overflow", "annot allocate memory"]) => {
                Failure::too_costly(format!(
                    "the statement needs more than {memory} bytes of memory (sql_memory_bytes_max); ask for less"
                ))
            }
            _ if self.says(&["overflow", "exceed"]) => Failure::too_costly(
                "the statement makes a column of more values or bytes than one may hold; ask for less",
            ),
            _ if self.says(&["panicked at"]) => Failure::engine_fault(""),
            _ => Failure::too_costly(format!(
                "the statement ended the process that worked on it, whose limit is {memory} bytes of memory; ask for less"
            )),
        };
        failure.with_detail(self)
    }

    /// For a worker that ended before it had a statement.
    pub(super) fn no_start(&self) -> Failure {
        Failure::ours(format!("no worker starts: {self}"))
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.last_words.contains(word))
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.signal {
            Some(signal) => write!(text, "ended by signal {signal}")?,
            None => write!(text, "ended by itself")?,
        }
        let words: Vec<&str> = self.last_words.split_whitespace().collect();
        if words.is_empty() { Ok(()) } else { write!(text, ": {}", words.join(" ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_told_with_its_limit() {
        let abort = Some(6);
        let cases = [
            (Some(24), "", "statement_too_costly", "9 s of processor time"),
            (Some(9), "", "statement_too_costly", "ran out of memory"),
            (
                abort,
                "\nthread 'statement' has overflowed its stack\nfatal runtime error",
                "statement_too_costly",
                "nested",
            ),
            (abort, "memory allocation of 2400000000 bytes failed", "statement_too_costly", "more than 1024 bytes"),
            (abort, "panicked at library/alloc/raw_vec.rs:1:\ncapacity overflow", "statement_too_costly", "1024 bytes"),
            (abort, "panicked at a.rs:1:\noffset overflow", "statement_too_costly", "one may hold"),
            (abort, "panicked at a.rs:1:\nindex out of bounds", "engine_fault", "the fault is the engine's"),
            (None, "", "statement_too_costly", "1024 bytes"),
        ];
        for (signal, last_words, code, words) in cases {
            let cause = Cause { signal, last_words: last_words.into(), memory_bytes_max: 1024 };
            let failure = cause.failure(9);
            assert_eq!(failure.code(), code, "{cause}");
            let message = failure.to_string();
            assert!(message.contains(words) && !message.contains('\n'), "{message}");
            assert_eq!(failure.is_theirs(), code != "engine_fault");
        }
    }
}
