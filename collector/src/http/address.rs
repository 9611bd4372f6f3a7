//! Where a request comes from, told by the connection or by a proxy that is trusted; only a truncated form leaves here.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use warp::http::HeaderMap;

use crate::config::ForwardedBy;
use crate::http::forwarded::hops;

/// Longest chain of trusted proxies that is followed; real ones have two or three.
const HOPS_MAX: usize = 16;

/// The client's address: the nearest hop that is not a trusted proxy, if the connection itself comes from one; else the
/// connection's. (Whoever is not trusted can write what he likes into the header.) A hop that names no address ends the
/// walk at the proxy that wrote it: what stands beyond may be written by anybody.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, by: ForwardedBy, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    if !is_trusted(client, trusted) {
        return client;
    }
    for address in hops(headers, by).take(HOPS_MAX).map_while(|hop| hop) {
        client = address;
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

/// Whether `address` is a proxy's that is believed.
pub(crate) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Whom an address stands for in rates and shares: an IPv4 address for itself, an IPv6 one for its /64, which is what
/// one customer gets.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

/// The address without what tells a person: the last octet of IPv4, the last 80 bits of IPv6 (DEFINITIONS.md, Bots/IP).
pub(crate) fn truncated(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(address) => {
            let kept = address.to_bits() >> 80 << 80;
            IpAddr::V6(Ipv6Addr::from_bits(kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().expect("a value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "fd00::/8".parse().expect("a network")];
        let peer = peer.parse().expect("an address");
        client_address(peer, &headers, ForwardedBy::Either, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, [fd00::2]:443, ::ffff:10.0.0.2"]), "198.51.100.1");
    }

    #[test]
    fn a_hop_without_an_address_ends_the_walk_where_it_was_written() {
        assert_eq!(client("10.0.0.1", &["6.6.6.6, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, _hidden, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, nonsense, 198.51.100.1:80"]), "198.51.100.1");
    }

    #[test]
    fn a_long_header_costs_a_few_hops() {
        let line = "10.0.0.2,".repeat(1_000_000);
        assert_eq!(client("10.0.0.1", &[&format!("198.51.100.1, {line}")]), "10.0.0.2");
    }

    #[test]
    fn one_customer_is_one_network() {
        let network = |address: &str| network_of(address.parse().expect("an address")).to_string();
        assert_eq!(network("203.0.113.77"), "203.0.113.77");
        assert_eq!(network("2001:db8:85a3:8d3:1319:8a2e:370:7348"), "2001:db8:85a3:8d3::");
    }

    #[test]
    fn what_is_kept_does_not_tell_a_person() {
        let kept = |address: &str| truncated(address.parse().expect("an address")).to_string();
        assert_eq!(kept("203.0.113.77"), "203.0.113.0");
        assert_eq!(kept("2001:db8:85a3:8d3:1319:8a2e:370:7348"), "2001:db8:85a3::");
    }
}
