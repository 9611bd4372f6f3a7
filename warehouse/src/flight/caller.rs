//! Who calls: a token in the headers of each call, as `Bearer`, or as the password of `Basic` with any user (RFC 7617).
//!
//! Where no token is asked for, whoever reaches loopback may call. Pages of other sites in a browser on the same machine cannot:
//! without TLS browsers speak no HTTP/2, and within it a call of gRPC needs a permission (CORS) that is never given.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use tonic::Status;
use tonic::codegen::http::HeaderMap;
use tonic::codegen::http::header::AUTHORIZATION;

use crate::access::{Access, Right};

/// Go's clients write no `=` at the end, others do.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The one who calls.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) right: Right,
    /// What it gave, to be told how to give it the next time.
    pub(super) token: String,
}

impl Caller {
    /// # Errors
    /// When a token is asked for, and this is none.
    pub(super) fn of(access: &Access, headers: &HeaderMap) -> Result<Self, Status> {
        let token = headers.get(AUTHORIZATION).and_then(|value| token(value.to_str().ok()?));
        match access.right(token.as_deref()) {
            Some(right) => Ok(Self { right, token: token.unwrap_or_default() }),
            None => Err(Status::unauthenticated(
                "a token is asked for, as `authorization: Bearer TOKEN` or as the password of any user; `warehouse token new` makes one",
            )),
        }
    }
}

fn token(authorization: &str) -> Option<String> {
    let (scheme, given) = authorization.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(given.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(BASE64.decode(given.trim()).ok()?).ok()?;
    Some(pair.split_once(':')?.1.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_from_both_schemes_and_no_other() {
        let basic = |pair: &str| format!("Basic {}", BASE64.encode(pair));
        for given in ["Bearer ctw_a", "bearer ctw_a", &basic("me:ctw_a"), &basic(":ctw_a")] {
            assert_eq!(token(given).as_deref(), Some("ctw_a"), "{given}");
        }
        assert_eq!(token(&basic("me:a:b")).as_deref(), Some("a:b"));
        assert!(basic("me:ctw_a").ends_with('='));
        assert_eq!(token(basic("me:ctw_a").trim_end_matches('=')).as_deref(), Some("ctw_a"));
        for given in ["", "Bearer", "ctw_a", "Digest ctw_a", "Basic ctw_a", &basic("ctw_a"), "Basic /w=="] {
            assert_eq!(token(given), None, "{given}");
        }
    }

    #[test]
    fn only_a_known_token_is_a_right() {
        let access = Access::new(Some("secret".into()), None).unwrap();
        let with = |value: &str| HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(Caller::of(&access, &with("Bearer secret")).unwrap().token, "secret");
        for headers in [HeaderMap::new(), with("Bearer secre"), with("Bearer "), with("secret")] {
            assert_eq!(Caller::of(&access, &headers).unwrap_err().code(), tonic::Code::Unauthenticated);
        }
        assert!(Caller::of(&Access::open(), &HeaderMap::new()).is_ok());
    }
}
