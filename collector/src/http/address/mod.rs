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
mod tests;
