//! What is kept of a token so that a client can prove to know it without sending it: SCRAM-SHA-256 (RFC 5802, RFC 7677).

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use anyhow::{Context, anyhow, ensure};
use aws_lc_rs::{hmac, pbkdf2};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const NAME: &str = "SCRAM-SHA-256";
/// PostgreSQL's default. Nobody guesses a token, whose 256 bits are random, so that more would only cost the client.
const ITERATIONS: u32 = 4_096;
/// More than any client computes in the time that it has to open a connection.
const ITERATIONS_MAX: u32 = 1_000_000;
const SALT_BYTES: usize = 16;
const SALT_BYTES_MAX: usize = 256;
const HASH_BYTES: usize = 32;

type Hash = [u8; HASH_BYTES];

/// A token's verifier. Who reads it cannot ask with it, but could pose as the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    iterations: u32,
    salt: Vec<u8>,
    stored_key: Hash,
    server_key: Hash,
}

impl Verifier {
    /// # Errors
    /// When the system has no random numbers.
    pub(super) fn of(token: &str) -> anyhow::Result<Self> {
        let mut salt = vec![0; SALT_BYTES];
        OsRng.try_fill_bytes(&mut salt).context("the system has no random numbers")?;
        Ok(Self::with_salt(token, salt, ITERATIONS))
    }

    fn with_salt(token: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let mut salted = [0; HASH_BYTES];
        let rounds = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, token.as_bytes(), &mut salted);
        let stored_key = Sha256::digest(sign(&salted, b"Client Key")).into();
        Self { iterations, salt, stored_key, server_key: sign(&salted, b"Server Key") }
    }

    /// What the server says first, to a client that gave its own part of the nonce.
    pub(crate) fn challenge(&self, nonce: &str) -> String {
        format!("r={nonce},s={},i={}", STANDARD.encode(&self.salt), self.iterations)
    }

    /// The server's own proof, when the client's is one; `said` is what both have said up to the proof.
    pub(crate) fn prove(&self, said: &str, proof: &str) -> Option<String> {
        let proof: Hash = STANDARD.decode(proof).ok()?.try_into().ok()?;
        let signature = sign(&self.stored_key, said.as_bytes());
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        let known = bool::from(Sha256::digest(&client_key).as_slice().ct_eq(&self.stored_key));
        known.then(|| format!("v={}", STANDARD.encode(sign(&self.server_key, said.as_bytes()))))
    }
}

fn sign(key: &[u8], text: &[u8]) -> Hash {
    let signed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    signed.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// As PostgreSQL keeps it: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`.
impl fmt::Display for Verifier {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] =
            [self.salt.as_slice(), &self.stored_key, &self.server_key].map(|bytes| STANDARD.encode(bytes));
        write!(text, "{NAME}${}:{salt}${stored}:{server}", self.iterations)
    }
}

impl FromStr for Verifier {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let wrong = || anyhow!("scram is not {NAME}$iterations:salt$StoredKey:ServerKey");
        let mut parts = text.split(['$', ':']);
        let mut part = || parts.next().ok_or_else(wrong);
        ensure!(part()? == NAME, wrong());
        let iterations: u32 = part()?.parse().map_err(|_| wrong())?;
        ensure!((1..=ITERATIONS_MAX).contains(&iterations), wrong());
        let mut bytes = || STANDARD.decode(part()?).map_err(|_| wrong());
        let salt = bytes()?;
        ensure!((1..=SALT_BYTES_MAX).contains(&salt.len()), wrong());
        let stored_key = bytes()?.try_into().map_err(|_| wrong())?;
        let server_key = bytes()?.try_into().map_err(|_| wrong())?;
        ensure!(parts.next().is_none(), wrong());
        Ok(Self { iterations, salt, stored_key, server_key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation as hashlib and hmac of Python compute it; psycopg and pgjdbc hold theirs in `client_tests`.
    #[test]
    fn one_who_knows_the_token_is_proven_and_no_other() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let verifier = Verifier::with_salt("pencil", salt, 4096);
        let nonce = "rOprNGfwEbeRWBbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let first = verifier.challenge(nonce);
        assert_eq!(first, format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        let said = format!("n=user,r=rOprNGfwEbeRWBbNEkqO,{first},c=biws,r={nonce}");
        let proof = "Occ3V2V/KfT0B67YImvtRVVMgaGDqsY+iFigWmVeP+8=";
        assert_eq!(verifier.prove(&said, proof).unwrap(), "v=cq+7xOEp4c2zVG/MR4RRqacQRstk1tAeDmoSHV6CZ8s=");
        for wrong in
            ["", "AAAA", "Occ3V2V/KfT0B67YImvtRVVMgaGDqsY+iFigWmVeP+9=", "Occ3V2V/KfT0B67YImvtRVVMgaGDqsY+iFigWmVeP+8"]
        {
            assert_eq!(verifier.prove(&said, wrong), None, "{wrong}");
        }
        assert_eq!(verifier.prove(&said.replace("user", "other"), proof), None);
        assert_eq!(Verifier::with_salt("pencils", verifier.salt.clone(), 4096).prove(&said, proof), None);
    }

    #[test]
    fn it_reads_back_and_what_is_none_is_refused() {
        let verifier = Verifier::of("ctw_a").unwrap();
        assert_eq!(verifier.to_string().parse::<Verifier>().unwrap(), verifier);
        assert_ne!(Verifier::of("ctw_a").unwrap(), verifier, "each has a salt of its own");
        let text = verifier.to_string();
        for wrong in [
            "",
            "SCRAM-SHA-256",
            "md5abc",
            &text.replace("4096", "0"),
            &text.replace("4096", "4000000000"),
            &text[1..],
            &text[..text.len() - 4],
            &format!("{text}:AAAA"),
        ] {
            assert!(wrong.parse::<Verifier>().is_err(), "{wrong}");
        }
    }
}
