//! Which part of what has landed a process compacts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of so many parts of Kafka's partitions. The partition is the unit because all events of a visitor are in one: sessions,
/// repeats and books of two parts have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    /// From 0.
    index: i32,
    of: i32,
}

/// More parts than any topic has partitions are a slip of the finger.
const SHARDS_MAX: i32 = 1_000;

impl Shard {
    /// All partitions.
    pub const ALL: Self = Self { index: 0, of: 1 };

    /// Whether the partition is in it.
    pub fn owns(self, partition: i32) -> bool {
        partition.rem_euclid(self.of) == self.index
    }

    /// In names of files that a round of this part wrote; nothing where there is one part only.
    pub(crate) fn mark(self) -> String {
        if self == Self::ALL { String::new() } else { format!("{}of{}-", self.index + 1, self.of) }
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.index + 1, self.of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=SHARDS_MAX).contains(&of) && (1..=of).contains(&number) => {
                Ok(Self { index: number - 1, of })
            }
            _ => Err(format!(
                "no part such as 1/2 or 2/2: the number of the part, from 1, and how many there are, at most {SHARDS_MAX}"
            )),
        }
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_is_in_one_part() {
        for of in 1..=7 {
            let parts: Vec<Shard> = (1..=of).map(|number| format!("{number}/{of}").parse().unwrap()).collect();
            for partition in 0..64 {
                assert_eq!(parts.iter().filter(|part| part.owns(partition)).count(), 1, "{partition} of {of}");
            }
        }
        assert!("1/2".parse::<Shard>().unwrap().owns(0), "the first part has the first partition");
        assert_eq!("1/1".parse::<Shard>().unwrap(), Shard::ALL);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for wrong in ["", "1", "0/2", "3/2", "-1/2", "1/0", "1/-2", "1/1001", "one/2", "1/2/3", "1/99999999999"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse::<Shard>().unwrap().to_string(), "2/3");
        assert_eq!((Shard::ALL.mark(), "2/3".parse::<Shard>().unwrap().mark()), (String::new(), "2of3-".into()));
    }
}
