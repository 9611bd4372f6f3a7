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
