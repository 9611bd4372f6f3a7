use std::path::Path;

use super::command::{TokenCommand, run};
use super::*;

fn add(file: &Path, name: &str, sites: &[&str], role: Role) -> anyhow::Result<()> {
    let sites = sites.iter().map(|site| (*site).to_owned()).collect();
    run(TokenCommand::New { name: name.to_owned(), sites, all_sites: false, role }, file)
}

/// The file with one more token, whose hash is that of `token`.
fn with_token(file: &Path, token: &str) {
    let mut entries = file::Entries::read(file).unwrap();
    let entry = entries.tokens.last_mut().unwrap();
    entry.sha256 = secret::hash(token);
    entry.scram = Some(Verifier::of(token).unwrap().to_string());
    entries.write(file).unwrap();
}

#[test]
fn other_addresses_need_a_token() {
    let loopback = "127.0.0.1:8090".parse().unwrap();
    let everywhere = "0.0.0.0:8090".parse().unwrap();
    assert!(check_address(loopback, None, false).is_ok());
    assert!(check_address(everywhere, None, false).unwrap_err().to_string().contains("--token"));
    assert!(check_address(everywhere, Some("secret"), false).is_ok());
    assert!(check_address(everywhere, None, true).is_ok());
    assert!(check_address(loopback, Some(""), true).is_err());
}

#[test]
fn a_token_is_known_by_its_hash_until_it_is_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.toml");
    add(&path, "grafana", &["shop"], Role::Reader).unwrap();
    with_token(&path, "one");
    add(&path, "ops", &[], Role::Admin).unwrap();
    with_token(&path, "two");
    let access = Access::new(Some("three".into()), Some(path.clone())).unwrap();
    let right = |token: &str| access.right(Some(token));
    assert_eq!(right("one").unwrap().scope, Scope::of(["shop"]));
    assert_eq!(right("one").unwrap().role, Role::Reader);
    assert_eq!(right("two").unwrap().scope, Scope::All);
    assert_eq!(right("three").unwrap().role, Role::Admin);
    assert_eq!((right("four"), right(""), access.right(None)), (None, None, None));
    assert!(!std::fs::read_to_string(&path).unwrap().contains("one\n"), "tokens are not kept");

    assert_eq!(access.verifier("grafana").unwrap().1, right("one").unwrap());
    assert!(access.verifier("grafana ").is_none() && access.verifier("--token").is_none());

    let (secret, right_of_secret) = access.signer("grafana").unwrap();
    assert_eq!(right_of_secret, right("one").unwrap());
    assert_eq!(Access::new(None, Some(path.clone())).unwrap().signer("grafana").unwrap().0, secret, "in every process");
    assert!(access.signer("ops").unwrap().0 != secret && access.signer("--token").unwrap().0 != secret);
    assert!(access.signer("anybody").is_none() && access.signer("").is_none());
    let open = Access::open();
    assert!(open.signer("anybody").is_some() && open.signer("--token").is_none() && open.signer("grafana").is_none());

    run(TokenCommand::Remove { name: "grafana".into() }, &path).unwrap();
    assert!(access.signer("grafana").is_none());
    assert_eq!(right("one"), None);
    assert!(access.verifier("grafana").is_none());
    assert!(right("two").is_some());
    std::fs::write(&path, "[[token]]\nname = \"x\"\n").unwrap();
    assert_eq!(right("two"), None, "what cannot be read lets nobody in");
    assert!(right("three").is_some());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(right("two"), None);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.toml");
    let told = |name: &str, sites: &[&str], role: Role| add(&path, name, sites, role).unwrap_err().to_string();
    assert!(told("all", &[], Role::Reader).contains("needs the sites"));
    assert!(told("ops", &["shop"], Role::Admin).contains("leave the sites out"));
    assert!(told("no name", &["shop"], Role::Reader).contains("no name of a token"));
    add(&path, "one", &["shop"], Role::Reader).unwrap();
    assert!(told("one", &["shop"], Role::Reader).contains("there is a token called one"));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("sites", "site")).unwrap();
    let told = format!("{:#}", Access::new(None, Some(path)).unwrap_err());
    assert!(told.contains("access.toml") && told.contains("site"), "a slip is no token of every site: {told}");
}

#[test]
fn tokens_differ_and_their_hashes_are_sha_256() {
    let (one, two) = (secret::new_token().unwrap(), secret::new_token().unwrap());
    assert!(one.starts_with("ctw_") && one.len() == two.len() && one != two);
    // FIPS 180-2, B.1
    assert_eq!(secret::hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
