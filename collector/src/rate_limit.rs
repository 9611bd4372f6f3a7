//! Token buckets: one sender at a hundred times the usual rate must not slow the others.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::Rates;
use crate::http::address::network_of;
use crate::http::answer::Refusal;

/// The buckets of all sites and addresses.
pub(crate) struct RateLimits {
    /// One a site, in the order of the configuration; empty when switched off.
    sites: Vec<DefaultDirectRateLimiter>,
    addresses: Option<DefaultKeyedRateLimiter<IpAddr>>,
}

impl RateLimits {
    pub(crate) fn new(rates: &Rates, sites: usize) -> Self {
        let of_key = quota(rates.key_requests_per_s, rates.key_requests_burst);
        let of_address = quota(rates.address_requests_per_s, rates.address_requests_burst);
        Self {
            sites: of_key.map(|quota| (0..sites).map(|_| RateLimiter::direct(quota)).collect()).unwrap_or_default(),
            addresses: of_address.map(RateLimiter::keyed),
        }
    }

    /// Takes one token of the site's and of the address's bucket.
    pub(crate) fn check(&self, site: usize, address: IpAddr) -> Result<(), Refusal> {
        if self.addresses.as_ref().is_some_and(|buckets| buckets.check_key(&network_of(address)).is_err()) {
            return Err(Refusal::TooManyRequests { of: "address" });
        }
        if self.sites.get(site).is_some_and(|bucket| bucket.check().is_err()) {
            return Err(Refusal::TooManyRequests { of: "key" });
        }
        Ok(())
    }

    /// Forgets the addresses whose buckets are full again, so that memory follows the present senders.
    pub(crate) fn forget_idle(&self) {
        if let Some(buckets) = &self.addresses {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
    }
}

fn quota(per_s: u32, burst: u32) -> Option<Quota> {
    let per_s = NonZeroU32::new(per_s)?;
    Some(Quota::per_second(per_s).allow_burst(NonZeroU32::new(burst).unwrap_or(per_s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_the_address_is_limited_and_others_are_not() {
        let rates = Rates { address_requests_per_s: 1, address_requests_burst: 3, ..Rates::default() };
        let limits = RateLimits::new(&rates, 1);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert_eq!((0..5).filter(|_| limits.check(0, one).is_ok()).count(), 3);
        assert!(limits.check(0, other).is_ok());
    }

    #[test]
    fn zero_switches_a_limit_off() {
        let rates = Rates { key_requests_per_s: 0, address_requests_per_s: 0, ..Rates::default() };
        let limits = RateLimits::new(&rates, 1);
        assert!((0..100_000).all(|_| limits.check(0, IpAddr::from([10, 0, 0, 1])).is_ok()));
    }
}
