//! Who may ask, and of which sites: tokens, on every protocol alike.
//!
//! Without any token everybody who reaches the address may ask everything, so only loopback is served without. `--token` is
//! one secret for everything. The access file has more of them, each with a role and sites; it holds hashes only, and is read
//! again when it changes, so that a token that was taken out is refused from then on.

pub mod command;
mod file;
mod scram;
mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::query::Scope;
use file::AccessFile;
pub use scram::Verifier;

/// Who asks where no token is asked for.
const ANYBODY: &str = "anybody";
/// Of the token that is no entry of the file.
const OF_FLAG: &str = "--token";

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks statements about its sites.
    Reader,
    /// Asks statements about every site, and sees how the system is set up: the store's address, a site's write key.
    Admin,
}

/// What the one who asks may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// Of the token, for logs.
    pub name: String,
    pub role: Role,
    pub scope: Scope,
}

impl Right {
    fn everything(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Admin, scope: Scope::All }
    }
}

/// Every token that there is.
#[derive(Debug, Default)]
pub struct Access {
    token: Option<String>,
    file: Option<AccessFile>,
}

impl Access {
    /// For everybody.
    pub fn open() -> Self {
        Self::default()
    }

    /// For who knows `token`, and for those of the access file. None of both is for everybody.
    ///
    /// # Errors
    /// When the file cannot be read, or says something that it must not.
    pub fn new(token: Option<String>, file: Option<PathBuf>) -> anyhow::Result<Self> {
        Ok(Self { token, file: file.map(AccessFile::open).transpose()? })
    }

    /// Whether a token is asked for.
    pub fn is_asked_for(&self) -> bool {
        self.token.is_some() || self.file.is_some()
    }

    /// By what a client proves to know the token of a name, and what it may see then; none where it has to send the token.
    pub fn verifier(&self, name: &str) -> Option<(Verifier, Right)> {
        self.file.as_ref()?.verifier(name)
    }

    /// By what an address is signed for who asked by the token of that name, and what they may see; none where there is no such
    /// token, or none any more. It is a token's hash. Where everybody may ask everything, there is nothing to keep secret.
    pub fn signer(&self, name: &str) -> Option<(Vec<u8>, Right)> {
        let everything = Right::everything(name);
        match &self.token {
            None if !self.is_asked_for() => (name == ANYBODY).then_some((Vec::new(), everything)),
            Some(token) if name == OF_FLAG => Some((secret::hash(token).into_bytes(), everything)),
            _ => self.file.as_ref()?.signer(name),
        }
    }

    /// What one may see who gives this token, or none.
    pub fn right(&self, given: Option<&str>) -> Option<Right> {
        if !self.is_asked_for() {
            return Some(Right::everything(ANYBODY));
        }
        let given = given?;
        // Without telling by its time how much was right.
        if self.token.as_ref().is_some_and(|token| token.as_bytes().ct_eq(given.as_bytes()).into()) {
            return Some(Right::everything(OF_FLAG));
        }
        self.file.as_ref()?.right(given)
    }
}

/// Whether it is safe to listen there.
///
/// # Errors
/// When others can reach the address and no token is asked for, or the token is empty.
pub fn check_address(address: SocketAddr, token: Option<&str>, has_file: bool) -> anyhow::Result<()> {
    match token {
        Some("") => bail!("--token is empty; leave it out, or give a secret"),
        None if !has_file && !address.ip().is_loopback() => bail!(
            "listening on {address}, which others can reach, needs --token (or WAREHOUSE_TOKEN), or --access with a file \
             of `warehouse token new`; or listen on 127.0.0.1"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
