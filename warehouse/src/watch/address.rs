//! Addresses of assets. A recording names an asset `asset:` and its SHA-256, or says which address of the page it is; whoever is shown it gets an address that is signed for
//! an hour, since a browser asks for pictures and styles without a token.
//!
//! The key is made of the token by which it was asked for, so every server that knows the token takes the address, also one that was
//! started since, and none does when the token was taken out. A worker gets a key that is made of it for the hour: who breaks out of
//! a worker signs no longer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ::replay::Assets;
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use url::form_urlencoded::byte_serialize;

use super::names::Names;
use crate::limits::{ASSET_SIGNED, ASSET_SIGNED_STEP};

/// Where assets are served.
pub const PATH: &str = "/api/v1/replay/assets/";
const SCHEME: &str = "asset:";
/// Hexadecimal digits of SHA-256.
const HASH_DIGITS: usize = 64;

/// Where a player finds assets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Addresses {
    /// At a server; `by` is the name of the token for which it was signed.
    Signed { key: [u8; 32], until_s: u64, by: String },
    /// Beside the page, by name: what is not in the list is not there.
    Files(BTreeMap<String, String>),
}

/// What the key is for: a token proves other things elsewhere.
const PURPOSE: &[u8] = b"addresses of assets of recordings";

/// Signs for who asked by a token.
pub struct Key {
    by: String,
    key: hmac::Key,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        text.write_str("Key")
    }
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    Forged,
    Expired,
}

impl Key {
    /// Of a token's name and its secret.
    pub fn of(by: &str, secret: &[u8]) -> Self {
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &[PURPOSE, &[0], by.as_bytes()].concat());
        Self { by: by.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, made.as_ref()) }
    }

    /// Addresses that hold for an hour, or some minutes less: those of the same minutes are the same, so that a browser keeps what
    /// it has loaded.
    pub fn addresses(&self, now: SystemTime) -> Addresses {
        let step = ASSET_SIGNED_STEP.as_secs();
        let until_s = (seconds(now) + ASSET_SIGNED.as_secs()) / step * step;
        Addresses::Signed { key: self.until(until_s), until_s, by: self.by.clone() }
    }

    /// Addresses as those of a signed one, if it is one that holds; and for how long.
    pub fn check(&self, of: Signed<'_>, now: SystemTime) -> Result<(Addresses, Duration), Unsigned> {
        let until_s: u64 = of.until.parse().map_err(|_| Unsigned::Forged)?;
        let key = self.until(until_s);
        let given = bytes(of.sig).ok_or(Unsigned::Forged)?;
        let signed = signed_text(of.site_id, of.sha256);
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed, &given).map_err(|_| Unsigned::Forged)?;
        let left = until_s.checked_sub(seconds(now)).filter(|left| *left > 0).ok_or(Unsigned::Expired)?;
        Ok((Addresses::Signed { key, until_s, by: self.by.clone() }, Duration::from_secs(left)))
    }

    fn until(&self, until_s: u64) -> [u8; 32] {
        let tag = hmac::sign(&self.key, &until_s.to_le_bytes());
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

/// The parts of an address.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub site_id: &'a str,
    pub sha256: &'a str,
    pub until: &'a str,
    pub sig: &'a str,
}

/// The asset that a recording means by an address, and the place in it, if it means one.
pub(super) fn named(url: &str) -> Option<(&str, &str)> {
    let (hash, place) = url.strip_prefix(SCHEME)?.split_at_checked(HASH_DIGITS)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_place = place.is_empty() || place.strip_prefix('#').is_some_and(|name| name.bytes().all(plain));
    (is_hash(hash) && is_place).then_some((hash, place))
}

fn is_hash(text: &str) -> bool {
    text.len() == HASH_DIGITS && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

/// What a recording of a site is shown with.
pub(super) struct Shown<'a> {
    pub site_id: &'a str,
    pub addresses: &'a Addresses,
    /// What the recording itself calls its assets.
    pub names: &'a Names,
}

impl Shown<'_> {
    fn address_of(&self, sha256: &str) -> Option<String> {
        match self.addresses {
            Addresses::Signed { key, until_s, by } => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                let sig = hmac::sign(&key, &signed_text(self.site_id, sha256));
                let [site, by] = [self.site_id, by].map(|text| byte_serialize(text.as_bytes()).collect::<String>());
                Some(format!("{PATH}{sha256}?site={site}&until={until_s}&by={by}&sig={}", hex(sig.as_ref())))
            }
            Addresses::Files(names) => names.get(sha256).cloned(),
        }
    }

    /// Whether it is one of those that were given.
    fn is_own(&self, url: &str) -> bool {
        match self.addresses {
            Addresses::Signed { .. } => {
                let hash = url.strip_prefix(PATH).and_then(|rest| rest.get(..HASH_DIGITS));
                hash.filter(|hash| is_hash(hash)).is_some_and(|hash| self.address_of(hash).as_deref() == Some(url))
            }
            Addresses::Files(names) => names.values().any(|name| name == url),
        }
    }
}

impl Assets for Shown<'_> {
    fn address(&self, url: &str) -> Option<String> {
        let Some((sha256, place)) = named(url) else {
            let (file, place) = url.split_once('#').unwrap_or((url, ""));
            let plain = place.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            if plain && self.is_own(file) {
                return Some(url.to_owned());
            }
            return self.names.get(url).filter(|hash| is_hash(hash)).and_then(|hash| self.address_of(hash));
        };
        self.address_of(sha256).map(|address| address + place)
    }
}

/// No site's id holds a NUL, so no two assets have the same.
fn signed_text(site_id: &str, sha256: &str) -> Vec<u8> {
    [site_id.as_bytes(), &[0], sha256.as_bytes()].concat()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    if digits.len() != HASH_DIGITS {
        return None;
    }
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_176_123)
    }

    /// The parts of an address as a server takes them apart.
    fn parts(address: &str) -> BTreeMap<String, String> {
        let (path, query) = address.split_once('?').unwrap();
        let mut parts: BTreeMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        parts.insert("sha256".into(), path.strip_prefix(PATH).unwrap().into());
        parts
    }

    fn check(key: &Key, parts: &BTreeMap<String, String>, now: SystemTime) -> Result<Duration, Unsigned> {
        let part = |name: &str| parts[name].as_str();
        let signed = Signed { site_id: part("site"), sha256: part("sha256"), until: part("until"), sig: part("sig") };
        key.check(signed, now).map(|(_, left)| left)
    }

    #[test]
    fn an_address_holds_for_an_hour_and_for_nothing_else() {
        let key = Key::of("grafana", b"one");
        let addresses = key.addresses(now());
        let shown = Shown { site_id: "shop & söhne", addresses: &addresses, names: &Names::new() };
        let address = shown.address(&format!("asset:{HASH}")).unwrap();
        let good = parts(&address);
        let left = check(&key, &good, now()).unwrap();
        assert!(left <= ASSET_SIGNED && left + ASSET_SIGNED_STEP > ASSET_SIGNED, "{left:?}");
        assert_eq!(check(&key, &good, now() + ASSET_SIGNED), Err(Unsigned::Expired));
        assert_eq!(good["by"], "grafana");
        assert_eq!(check(&Key::of("grafana", b"one"), &good, now()), Ok(left), "another process's");
        for other in [Key::of("grafana", b"two"), Key::of("ops", b"one")] {
            assert_eq!(check(&other, &good, now()), Err(Unsigned::Forged), "another token's");
        }
        for (name, value) in
            [("site", "shop"), ("sha256", &HASH.replace('0', "1")), ("until", "9999999999"), ("sig", "")]
        {
            let mut other = good.clone();
            other.insert(name.into(), value.into());
            assert_eq!(check(&key, &other, now()), Err(Unsigned::Forged), "{name}");
        }
    }

    #[test]
    fn only_hashes_have_an_address_and_an_address_stays_as_it_is() {
        let addresses = Key::of("ops", b"one").addresses(now());
        let names = Names::from([
            ("https://shop.example/box.png?size=".to_owned(), HASH.to_owned()),
            ("https://shop.example/b.png".to_owned(), "../../sql".to_owned()),
        ]);
        let shown = Shown { site_id: "shop", addresses: &addresses, names: &names };
        let files = Addresses::Files([(HASH.to_owned(), format!("assets/{HASH}.css"))].into());
        let beside = Shown { site_id: "shop", addresses: &files, names: &names };
        for shown in [&shown, &beside] {
            for url in [format!("asset:{HASH}"), format!("asset:{HASH}#icon-1")] {
                let address = shown.address(&url).unwrap();
                assert_eq!(address.ends_with("#icon-1"), url.ends_with("#icon-1"));
                assert_eq!(shown.address(&address).as_ref(), Some(&address));
            }
            let named = shown.address("https://shop.example/box.png?size=");
            assert_eq!(named, shown.address(&format!("asset:{HASH}")), "by the recording's own name");
            for gone in [
                "",
                "asset:",
                &format!("asset:{}", &HASH[1..]),
                &format!("asset:{HASH}0"),
                &format!("asset:{}", HASH.to_uppercase()),
                &format!("asset:{HASH}#\"x"),
                &format!("asset:{HASH}?x"),
                &format!("https://evil.example/asset:{HASH}"),
                "https://shop.example/box.png",
                "https://shop.example/b.png",
                &format!("{PATH}{HASH}"),
                &format!("{PATH}{HASH}?site=shop&until=1&sig=2"),
                "/api/v1/sql",
                "assets/../index.html",
            ] {
                assert_eq!(shown.address(gone), None, "{gone}");
            }
        }
        assert_eq!(beside.address(&format!("asset:{}", HASH.replace('0', "1"))), None, "not in the folder");
    }
}
