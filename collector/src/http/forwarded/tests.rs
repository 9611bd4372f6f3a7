//! Spellings seen in the field, and that nobody can write himself another address.

use proptest::prelude::*;
use warp::http::HeaderValue;

use super::*;

fn named(name: &'static str, lines: &[&[u8]], by: ForwardedBy) -> Vec<Option<IpAddr>> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line).expect("a value"));
    }
    hops(&headers, by).collect()
}

fn of_text(text: &str) -> String {
    node(text.as_bytes()).map_or_else(|| "none".into(), |address| address.to_string())
}

#[test]
fn every_spelling_of_one_address() {
    for (text, address) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("\"203.0.113.7:51234\"", "203.0.113.7"),
        ("203.0.113.7:_port.1", "203.0.113.7"),
        ("2001:db8::5", "2001:db8::5"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("\"[2001:DB8::5]:443\"", "2001:db8::5"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:1", "203.0.113.7"),
    ] {
        assert_eq!(of_text(text), address, "{text}");
    }
}

#[test]
fn what_names_no_address() {
    for text in [
        "",
        "unknown",
        "_hidden",
        "\"_hidden\"",
        "203.0.113",
        "203.0.113.7:",
        "203.0.113.7:123456",
        "203.0.113.7:x",
        "203.0.113.256",
        "[203.0.113.7]",
        "[2001:db8::5",
        "2001:db8::5]",
        "[2001:db8::5]443",
        "\"203.0.113.7",
        "203.0.113.7\"",
        "shop.example",
        "localhost:80",
        "203.0.113.7 8080",
    ] {
        assert_eq!(of_text(text), "none", "{text}");
    }
    assert_eq!(node(&[b'1'; 1 << 20]), None);
    assert_eq!(node(b"203.0.113.7\xe9"), None);
}

#[test]
fn lists_lines_and_odd_bytes() {
    let x_forwarded_for = |lines: &[&[u8]]| {
        let hops = named("x-forwarded-for", lines, ForwardedBy::Either).into_iter();
        hops.map(|hop| hop.map_or("none".into(), |address| address.to_string())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(x_forwarded_for(&[b"203.0.113.7,"]), "203.0.113.7");
    assert_eq!(x_forwarded_for(&[b" , 203.0.113.7:1 ,\t, 198.51.100.1 ,,"]), "198.51.100.1 203.0.113.7");
    assert_eq!(x_forwarded_for(&[b"6.6.6.6", b"", b"203.0.113.7, 198.51.100.1"]), "198.51.100.1 203.0.113.7 6.6.6.6");
    assert_eq!(x_forwarded_for(&[b"6.6.6.6", b"\xe9, 203.0.113.7"]), "203.0.113.7 none 6.6.6.6", "no line is skipped");
    assert_eq!(x_forwarded_for(&[b"\"6.6.6.6, 203.0.113.7"]), "203.0.113.7 none", "an open quote hides nothing");
    assert_eq!(x_forwarded_for(&[]), "");
}

#[test]
fn rfc_7239() {
    let forwarded = |line: &str| {
        let hops = named("forwarded", &[line.as_bytes()], ForwardedBy::Either).into_iter();
        hops.map(|hop| hop.map_or("none".into(), |address| address.to_string())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        forwarded("for=192.0.2.43, For=\"[2001:db8:cafe::17]:4711\";proto=https;by=203.0.113.43"),
        "2001:db8:cafe::17 192.0.2.43"
    );
    assert_eq!(forwarded("proto=http;FOR=\"192.0.2.43:47011\""), "192.0.2.43");
    assert_eq!(forwarded("for=unknown, for=_SEVKISEK, for=\"_gazonk\", proto=https"), "none none none none");
    assert_eq!(forwarded("host=\"a;for=6.6.6.6,for=6.6.6.6\";for=192.0.2.43"), "192.0.2.43", "a quoted host");
    assert_eq!(forwarded("for=6.6.6.6;for=192.0.2.43"), "none", "which of the two?");
    assert_eq!(forwarded("for=\"6.6.6.6, for=\"[2001:db8::17]:1\""), "2001:db8::17 none");
}

#[test]
fn the_header_is_chosen() {
    let mut headers = HeaderMap::new();
    headers.append("x-forwarded-for", HeaderValue::from_static("203.0.113.7"));
    headers.append("forwarded", HeaderValue::from_static("for=192.0.2.43"));
    let first = |headers: &HeaderMap, by| hops(headers, by).next().flatten().map(|address| address.to_string());
    assert_eq!(first(&headers, ForwardedBy::Either).as_deref(), Some("203.0.113.7"));
    assert_eq!(first(&headers, ForwardedBy::Forwarded).as_deref(), Some("192.0.2.43"));
    headers.remove("x-forwarded-for");
    assert_eq!(first(&headers, ForwardedBy::Either).as_deref(), Some("192.0.2.43"));
    assert_eq!(first(&headers, ForwardedBy::XForwardedFor), None);
}

/// One address as proxies write it, in either header.
fn spelt(address: IpAddr, port: Option<u16>, quoted: bool) -> String {
    let text = match (address, port) {
        (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
        (address, None) => address.to_string(),
    };
    if quoted || address.is_ipv6() { format!("\"{text}\"") } else { text }
}

/// What a header may hold.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::collection::vec(
        prop_oneof![
            Just(b','),
            Just(b'"'),
            Just(b'\\'),
            Just(b';'),
            Just(b'='),
            Just(b'['),
            Just(b':'),
            0x20..0x7f_u8,
            0x80..=0xff_u8
        ],
        0..80,
    );
    let plausible = "(for=|\"|, |;|6\\.6\\.6\\.6|\\[2001:db8::6\\]|:1|unknown|\\\\){0,12}".prop_map(String::into_bytes);
    prop_oneof![odd, plausible]
}

proptest! {
    /// The proxy appends to the same line or adds a line of its own.
    #[test]
    fn nothing_that_a_client_sends_changes_what_the_proxy_writes(
        sent in prop::collection::vec(value(), 0..4),
        address in any::<IpAddr>(),
        port in any::<Option<u16>>(),
        quoted in any::<bool>(),
        own_line in any::<bool>(),
        rfc_7239 in any::<bool>(),
    ) {
        let spelt = spelt(address, port, quoted);
        let (name, written) = if rfc_7239 {
            ("forwarded", format!("proto=https;for={spelt};host=\"{}\"", "a,for=6.6.6.6"))
        } else {
            ("x-forwarded-for", spelt)
        };
        let mut lines = sent;
        match lines.last_mut() {
            Some(last) if !own_line => last.extend_from_slice(format!(", {written}").as_bytes()),
            _ => lines.push(written.into_bytes()),
        }
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let hops = named(name, &lines, ForwardedBy::Either);
        prop_assert_eq!(hops[0], Some(address.to_canonical()));
    }

    #[test]
    fn any_bytes_are_read(lines in prop::collection::vec(value(), 0..6)) {
        let bytes: usize = lines.iter().map(|line| line.len() + 1).sum();
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        for (name, by) in [("x-forwarded-for", ForwardedBy::Either), ("forwarded", ForwardedBy::Forwarded)] {
            prop_assert!(named(name, &lines, by).len() <= bytes);
        }
    }
}
