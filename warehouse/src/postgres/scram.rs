//! How a client proves that it knows a token without sending it: SCRAM-SHA-256 in the messages of PostgreSQL's protocol
//! (<https://www.postgresql.org/docs/current/sasl-authentication.html>, RFC 5802). Without channel binding.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::message::{Body, garbled, secret};
use crate::access::Verifier;
use crate::format::postgres::message;

const MECHANISM: &str = "SCRAM-SHA-256";
/// Kinds of `Authentication` messages.
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;
/// Of the server's part of the nonce, before they are written as text.
const NONCE_BYTES: usize = 18;

/// Whether the client proves to know the token of the verifier.
///
/// # Errors
/// When the client goes away, or speaks something else.
pub(super) async fn is_proven(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    verifier: &Verifier,
) -> io::Result<bool> {
    ask(stream, SASL, format!("{MECHANISM}\0\0").as_bytes()).await?;
    let body = secret(stream).await?;
    let mut body = Body(&body);
    if body.text()? != MECHANISM {
        return Err(garbled("another mechanism than SCRAM-SHA-256"));
    }
    let length = body.number()? as usize;
    let first = body.0.get(..length).ok_or_else(|| garbled("a message that is cut"))?;
    let mut nonce = [0; NONCE_BYTES];
    OsRng.try_fill_bytes(&mut nonce).map_err(io::Error::other)?;
    let opened = Opened::read(first, &STANDARD.encode(nonce)).ok_or_else(|| garbled("no first message of SCRAM"))?;
    let challenge = verifier.challenge(&opened.nonce);
    ask(stream, SASL_CONTINUE, challenge.as_bytes()).await?;
    let last = secret(stream).await?;
    let proven = opened.proven(&challenge, &last, verifier);
    if let Some(proof) = &proven {
        ask(stream, SASL_FINAL, proof.as_bytes()).await?;
    }
    Ok(proven.is_some())
}

async fn ask(stream: &mut (impl AsyncWrite + Unpin), kind: u32, data: &[u8]) -> io::Result<()> {
    stream.write_all(&message(b'R', &[&kind.to_be_bytes()[..], data].concat())).await
}

/// What the client said first.
struct Opened {
    /// The header of channel binding, which it repeats with its proof.
    header: String,
    bare: String,
    /// Both parts.
    nonce: String,
}

impl Opened {
    fn read(first: &[u8], own_nonce: &str) -> Option<Self> {
        let text = std::str::from_utf8(first).ok()?;
        // n: it knows no channel binding; y: it does, and was offered none.
        let rest = text.strip_prefix("n,").or_else(|| text.strip_prefix("y,"))?;
        // An identity to act for, which nobody sends.
        let bare = rest.split_once(',')?.1;
        let header = text.strip_suffix(bare)?;
        let nonce = bare.split(',').find_map(|part| part.strip_prefix("r=")).filter(|nonce| !nonce.is_empty())?;
        Some(Self { header: header.to_owned(), bare: bare.to_owned(), nonce: format!("{nonce}{own_nonce}") })
    }

    /// The server's proof, when the client's last message holds one.
    fn proven(&self, challenge: &str, last: &[u8], verifier: &Verifier) -> Option<String> {
        let (without_proof, proof) = std::str::from_utf8(last).ok()?.rsplit_once(",p=")?;
        let mut parts = without_proof.split(',');
        let binding = parts.next()?.strip_prefix("c=")?;
        let repeats = binding == STANDARD.encode(&self.header) && parts.next()?.strip_prefix("r=")? == self.nonce;
        repeats.then(|| verifier.prove(&format!("{},{challenge},{without_proof}", self.bare), proof)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A conversation as hashlib and hmac of Python compute it; psycopg and pgjdbc hold theirs in `client_tests`.
    const VERIFIER: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

    #[test]
    fn a_whole_conversation_is_held_and_no_other() {
        let verifier: Verifier = VERIFIER.parse().unwrap();
        let opened = Opened::read(b"n,,n=user,r=rOprNGfwEbeRWBbNEkqO", NONCE).unwrap();
        let challenge = verifier.challenge(&opened.nonce);
        let last = format!("c=biws,r={},p=Occ3V2V/KfT0B67YImvtRVVMgaGDqsY+iFigWmVeP+8=", opened.nonce);
        let proven = |last: &str| opened.proven(&challenge, last.as_bytes(), &verifier);
        assert_eq!(proven(&last).unwrap(), "v=cq+7xOEp4c2zVG/MR4RRqacQRstk1tAeDmoSHV6CZ8s=");
        for wrong in [
            last.replace("biws", "eSws"),
            last.replace(NONCE, "x"),
            last.replace("Occ", "Pcc"),
            last.replace(",p=", ",q="),
            String::new(),
            "c=biws".to_owned(),
            format!("{last},p=AAAA"),
        ] {
            assert_eq!(proven(&wrong), None, "{wrong}");
        }
        for wrong in ["", "n", "n,", "p=tls-unique,,n=,r=a", "n,,n=user", "n,,n=user,r=", "x,,r=a"] {
            assert!(Opened::read(wrong.as_bytes(), NONCE).is_none(), "{wrong}");
        }
        assert_eq!(Opened::read(b"y,,n=,r=a", "b").unwrap().header, "y,,");
        assert!(Opened::read(&[0xff, b','], "b").is_none());
    }
}
