//! A canary in every place of every address of WHATWG's own URL tests is gone, whether the address stands alone, in a
//! message, or in a stack of any browser; what a stack is read for stays.

use serde_json::Value;
use url::Url;

use super::super::*;

const CASES: &str = include_str!("../../../../tests/whatwg/urltestdata.json");
const CANARY: &str = "c4naryS3cret";

/// `(input, base)` of every test that says how an address is read, right or wrong.
fn inputs() -> Vec<(String, String)> {
    let cases: Vec<Value> = serde_json::from_str(CASES).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap_or_default().to_owned();
    cases.iter().filter(|case| case.is_object()).map(|case| (text(case, "input"), text(case, "base"))).collect()
}

/// Addresses that browsers would write, each with the canary in one place.
fn serialised() -> Vec<String> {
    let parse = |(input, base): (String, String)| match Url::parse(&base) {
        Ok(base) => base.join(&input).ok(),
        Err(_) => Url::parse(&input).ok(),
    };
    let mut planted = Vec::new();
    for address in inputs().into_iter().filter_map(parse) {
        let mut plant = |change: &dyn Fn(&mut Url)| {
            let mut address = address.clone();
            change(&mut address);
            planted.push(String::from(address));
        };
        plant(&|address| address.set_username(CANARY).unwrap_or_default());
        plant(&|address| address.set_password(Some(CANARY)).unwrap_or_default());
        plant(&|address| address.set_query(Some(&format!("key={CANARY}"))));
        plant(&|address| address.set_query(Some(CANARY)));
        plant(&|address| address.set_query(Some(&format!("a=1,({CANARY})&b=[{CANARY}]&c='{CANARY}'"))));
        plant(&|address| address.set_fragment(Some(CANARY)));
        plant(&|address| address.set_fragment(Some(&format!("access_token={CANARY}&x=1"))));
        plant(&|address| address.set_fragment(Some(&format!("/a/token={CANARY}"))));
        plant(&|address| address.set_path(&format!("{};p={CANARY}", address.path())));
        plant(&|address| address.set_path(&format!("{}/jsessionid={CANARY}", address.path())));
    }
    planted.retain(|address| address.contains(CANARY));
    planted
}

/// The inputs as they stand, wrong ones too, with the canary in each place that their separators make.
fn written() -> Vec<String> {
    let mut planted = Vec::new();
    for (input, _) in inputs() {
        let mut plant = |at: usize, text: String| planted.push(format!("{}{text}{}", &input[..at], &input[at..]));
        for at in input.match_indices('?').map(|(at, _)| at + 1) {
            plant(at, format!("{CANARY}&"));
            plant(at, format!("key={CANARY}&"));
        }
        if let Some(at) = input.find('#') {
            plant(at + 1, CANARY.into());
        }
        if let Some(at) = input.find("://").map(|at| at + 3) {
            plant(at, format!("user:{CANARY}@"));
            plant(at, format!("{CANARY}@"));
        }
        if !input.contains(['?', '#']) {
            plant(input.len(), format!("?key={CANARY}"));
            plant(input.len(), format!("#token={CANARY}"));
        }
    }
    planted
}

/// Every address in a text around it: none of them may keep its canary, those of scripts must keep these words.
fn check(around: impl Fn(&str) -> String, clean: impl Fn(&str) -> String, words: &[&str]) {
    let (serialised, written) = (serialised(), written());
    assert!(serialised.len() > 5000 && written.len() > 2500);
    for address in serialised.into_iter().chain(written) {
        let cleaned = clean(&around(&address));
        assert!(!cleaned.contains(CANARY), "{address:?} -> {cleaned:?}");
        let of_script = ["http", "file:", "blob:"].iter().any(|scheme| address.starts_with(scheme));
        for word in words.iter().filter(|_| of_script) {
            assert!(cleaned.contains(word), "{word:?} is gone: {address:?} -> {cleaned:?}");
        }
    }
}

fn in_text(text: &str) -> String {
    scrub_text(text, &AllowedQueryKeys::default())
}

#[test]
fn alone() {
    check(str::to_owned, |text| scrub(text, &AllowedQueryKeys::default()), &[]);
}

#[test]
fn in_a_message() {
    check(|address| format!("Failed to fetch {address}"), in_text, &["Failed to fetch "]);
    check(|address| format!("cannot load '{address}', try again"), in_text, &["cannot load '", "', try again"]);
    check(|address| format!("{{\"url\":\"{address}\",\"code\":5}}"), in_text, &["{\"url\":\""]);
}

#[test]
fn in_a_stack_of_chromium() {
    let stack = |address: &str| {
        format!(
            "Error: x\n    at Foo.bar [as baz] ({address}:10:4)\n    at async g ({address}:1:2)\n    at {address}:7:8\n    \
             at eval (eval at h ({address}:5:6), <anonymous>:1:1)"
        )
    };
    let words = [
        "at Foo.bar [as baz] (",
        ":10:4)",
        "at async g (",
        ":1:2)",
        ":7:8\n",
        "at eval (eval at h (",
        ":5:6), <anonymous>:1:1)",
    ];
    check(stack, in_text, &words);
}

#[test]
fn in_a_stack_of_firefox_and_safari() {
    let stack = |address: &str| {
        format!(
            "f@{address}:10:4\nasync*Foo.bar/<@{address}:1:2\n@{address}:3:4\nglobal code@{address}:5:6\n[native code]"
        )
    };
    check(stack, in_text, &["f@", ":10:4\nasync*Foo.bar/<@", ":1:2\n", ":3:4\nglobal code@", ":5:6\n[native code]"]);
}
