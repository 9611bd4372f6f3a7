//! Tokens, and what is kept of them.

use anyhow::Context;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

/// In front of each token, so that one that got where it does not belong is found by a search.
const PREFIX: &str = "ctw_";
/// Nobody guesses as many, so that a plain hash of a token is enough: there is no word to try out.
const RANDOM_BYTES: usize = 32;

/// A new token.
///
/// # Errors
/// When the system has no random numbers.
pub(super) fn new_token() -> anyhow::Result<String> {
    let mut bytes = [0; RANDOM_BYTES];
    OsRng.try_fill_bytes(&mut bytes).context("the system has no random numbers")?;
    Ok(format!("{PREFIX}{}", hexadecimal(&bytes)))
}

/// What is kept of a token: SHA-256, in hexadecimal.
pub(super) fn hash(token: &str) -> String {
    hexadecimal(&Sha256::digest(token.as_bytes()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
