//! How the operators of all statements share the memory.

use std::fmt::{self, Display};

use datafusion::common::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

use crate::limits::SHARE_BYTES_MIN;

/// The engine's even shares, with a least one. An operator that can write to disk may hold an even part of the memory; statements
/// over `friction` have some fifty such operators, so that a few of them beside each other leave parts of 3 MB, less than an
/// aggregate by two texts sets aside for its first row. So each may hold [`SHARE_BYTES_MIN`] while half of the memory is free:
/// the other half is left to the operators that cannot write to disk.
#[derive(Debug)]
pub(super) struct Shares {
    even: FairSpillPool,
    bytes_max: usize,
}

impl Shares {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { even: FairSpillPool::new(bytes_max), bytes_max }
    }
}

impl MemoryPool for Shares {
    fn name(&self) -> &str {
        self.even.name()
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.even.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.even.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.even.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.even.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        self.even.try_grow(reservation, additional).or_else(|refused| {
            let least = reservation.consumer().can_spill()
                && reservation.size() + additional <= SHARE_BYTES_MIN
                && self.even.reserved() + additional <= self.bytes_max / 2;
            if !least {
                return Err(refused);
            }
            self.even.grow(reservation, additional);
            Ok(())
        })
    }

    fn reserved(&self) -> usize {
        self.even.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.even.memory_limit()
    }
}

impl Display for Shares {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.even.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const MIB: usize = 1 << 20;

    fn crowd(pool: &Arc<dyn MemoryPool>, operators: usize) -> Vec<MemoryReservation> {
        let one = |number| MemoryConsumer::new(format!("operator {number}")).with_can_spill(true).register(pool);
        (0..operators).map(one).collect()
    }

    #[test]
    fn one_among_many_operators_has_room_for_its_first_rows() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Shares::new(512 * MIB));
        let many = crowd(&pool, 150);
        many[0].try_grow(SHARE_BYTES_MIN).unwrap();
        assert_eq!(pool.reserved(), SHARE_BYTES_MIN);
        assert!(many[0].try_grow(1).is_err(), "no more than the least share");
        many[0].free();
        assert_eq!(pool.reserved(), 0);
    }

    #[test]
    fn the_least_shares_leave_half_of_the_memory_to_what_cannot_spill() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Shares::new(512 * MIB));
        let many = crowd(&pool, 150);
        let held = many.iter().take_while(|one| one.try_grow(SHARE_BYTES_MIN).is_ok()).count();
        assert_eq!(held, 256 * MIB / SHARE_BYTES_MIN);
        let fixed = MemoryConsumer::new("a table of hashes").register(&pool);
        fixed.try_grow(256 * MIB).unwrap();
        assert!(fixed.try_grow(1).is_err());
    }

    #[test]
    fn few_operators_share_evenly() {
        let pool: Arc<dyn MemoryPool> = Arc::new(Shares::new(512 * MIB));
        let two = crowd(&pool, 2);
        two[0].try_grow(256 * MIB).unwrap();
        assert!(two[0].try_grow(1).is_err());
        two[1].try_grow(256 * MIB).unwrap();
    }
}
