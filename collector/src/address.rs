//! Where a request comes from, told by the connection or by a proxy that is trusted; only a truncated form leaves here.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use warp::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address: the last one in `X-Forwarded-For` that is not a trusted proxy, if the connection itself comes
/// from one; else the connection's. (Whoever is not trusted can write what he likes into the header.)
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev().filter_map(|line| line.to_str().ok());
    for hop in lines.flat_map(|line| line.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

/// The address without what tells a person: the last octet of IPv4, the last 80 bits of IPv6 (DEFINITIONS.md, Bots/IP).
pub fn truncated(address: IpAddr) -> IpAddr {
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
            headers.append(FORWARDED_FOR, line.parse().expect("a value"));
        }
        let trusted = ["10.0.0.0/8".parse().expect("a network"), "fd00::/8".parse().expect("a network")];
        client_address(peer.parse().expect("an address"), &headers, &trusted).to_string()
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
    }

    #[test]
    fn what_is_kept_does_not_tell_a_person() {
        let kept = |address: &str| truncated(address.parse().expect("an address")).to_string();
        assert_eq!(kept("203.0.113.77"), "203.0.113.0");
        assert_eq!(kept("2001:db8:85a3:8d3:1319:8a2e:370:7348"), "2001:db8:85a3::");
    }
}
