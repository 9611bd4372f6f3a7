//! What a request is answered: one enumeration of refusals and one exhaustive match to HTTP.

use bytes::Bytes;
use schemas::ingest::{BatchCode, BatchError, Reject};
use schemas::replay::{BodyCode, BodyError, FrameError};
use serde::Serialize;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use warp::http::{Response, StatusCode};

use crate::places::NoRoom;

/// A whole answer in memory.
pub(crate) type Answer = Response<Bytes>;

/// Seconds after which a client may try again; the SDK spreads its retries itself.
const RETRY_AFTER_S: u64 = 1;

/// Messages of rejected events in one answer: whoever sends a thousand bad events knows enough after the first hundred.
const REJECT_MESSAGES_BYTES_MAX: usize = 16 * 1024;
/// What an answer repeats of a header or path.
const SHOWN_BYTES_MAX: usize = 256;

/// Why a request was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No write key, or one of no site.
    UnknownKey,
    /// The page's origin is not one of the key's.
    OriginNotAllowed {
        origin: String,
    },
    /// `Content-Type` is none of those that the path takes.
    UnsupportedContentType {
        content_type: String,
        takes: &'static [&'static str],
    },
    /// `Content-Encoding` is none of those that the path takes, or several at once.
    UnsupportedEncoding {
        encoding: String,
        takes: &'static str,
    },
    /// The compressed body is cut or damaged.
    DamagedEncoding {
        encoding: &'static str,
        error: String,
    },
    /// The body did not come in time.
    SlowBody {
        timeout_ms: u64,
    },
    /// The connection broke in mid body; nobody reads the answer.
    BrokenBody,
    BodyTooLarge {
        bytes_max: usize,
    },
    InflatedTooLarge {
        bytes_max: usize,
    },
    InflatesTooMuch {
        ratio_max: usize,
    },
    /// The body as a whole is no batch.
    Batch(BatchError),
    /// Not one event of the batch is good.
    EveryEventRejected {
        rejected: Vec<Rejected>,
    },
    /// The lengths in a body are not those of frames.
    Frames(BodyError),
    /// Not one frame of the body is good.
    EveryFrameRejected {
        rejected: Vec<Rejected>,
    },
    /// A question about assets that makes no sense.
    Question(FrameError),
    TooManyRequests {
        of: &'static str,
    },
    /// The bounded window is full.
    WindowFull,
    /// This address, or this key, has its share of the window.
    ShareFull {
        of: &'static str,
    },
    /// The window was full, and this body had kept it waiting for longest.
    PlaceLost,
    /// Kafka or the registry is not there, or the process is stopping.
    NotReady,
    /// Kafka refused the records or was silent too long.
    NotDurable {
        reason: String,
    },
    NotFound {
        path: String,
    },
    MethodNotAllowed {
        allow: &'static str,
    },
    /// The first lines of the request make no sense.
    BadHead {
        why: &'static str,
    },
    /// Request line and headers.
    HeadTooLarge {
        bytes_max: usize,
    },
    /// A bug of ours.
    Internal,
    /// The SDK's files are not built in.
    SdkNotBuilt {
        file: String,
    },
}

/// One rejected event of an answer.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Rejected {
    pub index: usize,
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// All rejected events; the first ones with their messages, as many as an answer may hold.
pub(crate) fn rejected(rejects: &[Reject<'_>]) -> Vec<Rejected> {
    let mut room = REJECT_MESSAGES_BYTES_MAX;
    let told = |reject: &Reject<'_>| {
        room = room.saturating_sub(reject.message.len());
        let message = (room > 0).then(|| reject.message.clone());
        Rejected { index: reject.index, code: reject.code.name(), message }
    };
    rejects.iter().map(told).collect()
}

/// The start of what the sender wrote, for a message to him.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

/// A batch, or a body of frames, that was taken.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    /// `kafka`, `memory` or `none`.
    pub durability: &'static str,
    pub accepted: usize,
    pub rejected: Vec<Rejected>,
    /// Encodings of a body that are known without `Content-Encoding`.
    pub encodings: &'static [&'static str],
    /// Epoch milliseconds: with the client's own times they give the clock offset.
    pub server_received_at: f64,
    pub server_sent_at: f64,
}

#[derive(Serialize)]
struct Problem<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "<[Rejected]>::is_empty")]
    rejected: &'a [Rejected],
}

impl From<NoRoom> for Refusal {
    fn from(no_room: NoRoom) -> Self {
        match no_room {
            NoRoom::Whole => Refusal::WindowFull,
            NoRoom::Key => Refusal::ShareFull { of: "key" },
            NoRoom::Address => Refusal::ShareFull { of: "address" },
            NoRoom::Lost => Refusal::PlaceLost,
        }
    }
}

impl Accepted {
    pub(crate) fn answer(&self) -> Answer {
        let status = if self.durability == "memory" { StatusCode::ACCEPTED } else { StatusCode::OK };
        json(status, self)
    }
}

impl Refusal {
    /// The stable code, as in the answer and in dead letters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Refusal::UnknownKey => "unknown_key",
            Refusal::OriginNotAllowed { .. } => "origin_not_allowed",
            Refusal::UnsupportedContentType { .. } => "unsupported_content_type",
            Refusal::UnsupportedEncoding { .. } => "unsupported_encoding",
            Refusal::DamagedEncoding { .. } => "damaged_encoding",
            Refusal::SlowBody { .. } => "slow_body",
            Refusal::BrokenBody => "broken_body",
            Refusal::BodyTooLarge { .. } => "body_too_large",
            Refusal::InflatedTooLarge { .. } | Refusal::InflatesTooMuch { .. } => "inflated_too_large",
            Refusal::Batch(error) => error.code.name(),
            Refusal::EveryEventRejected { .. } => "every_event_rejected",
            Refusal::Frames(error) => error.code.name(),
            Refusal::EveryFrameRejected { .. } => "every_frame_rejected",
            Refusal::Question(_) => "invalid_question",
            Refusal::TooManyRequests { .. } => "too_many_requests",
            Refusal::WindowFull => "window_full",
            Refusal::ShareFull { .. } => "share_full",
            Refusal::PlaceLost => "place_lost",
            Refusal::NotReady => "not_ready",
            Refusal::NotDurable { .. } => "not_durable",
            Refusal::NotFound { .. } => "not_found",
            Refusal::MethodNotAllowed { .. } => "method_not_allowed",
            Refusal::BadHead { .. } => "bad_head",
            Refusal::HeadTooLarge { .. } => "head_too_large",
            Refusal::Internal => "internal",
            Refusal::SdkNotBuilt { .. } => "sdk_not_built",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::UnknownKey => StatusCode::UNAUTHORIZED,
            Refusal::OriginNotAllowed { .. } => StatusCode::FORBIDDEN,
            Refusal::UnsupportedContentType { .. } | Refusal::UnsupportedEncoding { .. } => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Refusal::DamagedEncoding { .. } | Refusal::BrokenBody | Refusal::BadHead { .. } => StatusCode::BAD_REQUEST,
            Refusal::SlowBody { .. } => StatusCode::REQUEST_TIMEOUT,
            Refusal::BodyTooLarge { .. } | Refusal::InflatedTooLarge { .. } | Refusal::InflatesTooMuch { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Refusal::Batch(error) => match error.code {
                BatchCode::TooManyEvents => StatusCode::PAYLOAD_TOO_LARGE,
                BatchCode::MalformedJson | BatchCode::InvalidUtf8 | BatchCode::InvalidBatch | BatchCode::TooDeep => {
                    StatusCode::BAD_REQUEST
                }
            },
            Refusal::Frames(error) => match error.code {
                BodyCode::MalformedFrames => StatusCode::BAD_REQUEST,
                BodyCode::TooManyFrames | BodyCode::FrameTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            },
            Refusal::Question(_) => StatusCode::BAD_REQUEST,
            Refusal::EveryEventRejected { .. } | Refusal::EveryFrameRejected { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::TooManyRequests { .. } | Refusal::ShareFull { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refusal::WindowFull | Refusal::PlaceLost | Refusal::NotReady | Refusal::NotDurable { .. } => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Refusal::HeadTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Refusal::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::NotFound { .. } | Refusal::SdkNotBuilt { .. } => StatusCode::NOT_FOUND,
            Refusal::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::UnknownKey => {
                "no site has this write key: send it as `Authorization: Bearer KEY` or as `?key=KEY`".into()
            }
            Refusal::OriginNotAllowed { origin } => {
                format!(
                    "pages of {} may not send with this key: add the origin to the site's allowed_origins",
                    shown(origin)
                )
            }
            Refusal::UnsupportedContentType { content_type, takes } => {
                format!("Content-Type {:?} is not taken: send {}", shown(content_type), takes.join(" or "))
            }
            Refusal::UnsupportedEncoding { encoding, takes } => {
                format!("Content-Encoding {:?} is not taken: send {takes}", shown(encoding))
            }
            Refusal::DamagedEncoding { encoding, error } => format!("the body is no whole {encoding} stream: {error}"),
            Refusal::SlowBody { timeout_ms } => format!("the body was not there after {timeout_ms} ms"),
            Refusal::BrokenBody => "the connection broke before the body was there".into(),
            Refusal::BodyTooLarge { bytes_max } => {
                format!("the body is longer than {bytes_max} bytes: send the batch in parts")
            }
            Refusal::InflatedTooLarge { bytes_max } => {
                format!("the body inflates to more than {bytes_max} bytes: send the batch in parts")
            }
            Refusal::InflatesTooMuch { ratio_max } => {
                format!("the body inflates to more than {ratio_max} times its size: no batch does")
            }
            Refusal::Batch(error) => error.message.clone(),
            Refusal::Frames(error) => error.message.clone(),
            Refusal::Question(error) => error.message.clone(),
            Refusal::EveryFrameRejected { rejected } => {
                format!("every one of the {} frames is rejected, each with its reason in `rejected`", rejected.len())
            }
            Refusal::EveryEventRejected { rejected } => {
                format!("every one of the {} events is rejected, each with its reason in `rejected`", rejected.len())
            }
            Refusal::TooManyRequests { of } => {
                format!("too many requests of this {of}: send the same batch again later")
            }
            Refusal::WindowFull => "the buffer is full: send the same batch again later".into(),
            Refusal::ShareFull { of } => {
                format!("this {of} has its share of the buffer: send the same batch again later")
            }
            Refusal::PlaceLost => {
                "the buffer is full and this body came more slowly than others: send the same batch again later".into()
            }
            Refusal::NotReady => "not ready to take events: send the same batch again later".into(),
            Refusal::NotDurable { reason } => {
                format!("the events are not in Kafka ({reason}): send the same batch again later")
            }
            Refusal::NotFound { path } => format!("there is nothing at {}", shown(path)),
            Refusal::HeadTooLarge { bytes_max } => {
                format!("the request line and the headers are longer than {bytes_max} bytes")
            }
            Refusal::BadHead { why } => (*why).into(),
            Refusal::Internal => {
                "something is wrong here, not with the request: send the same batch again later".into()
            }
            Refusal::MethodNotAllowed { allow } => format!("this path takes {allow} only"),
            Refusal::SdkNotBuilt { file } => {
                format!(
                    "there is no SDK file {:?}: if it should be there, run `npm run build` in web/ and build again",
                    shown(file)
                )
            }
        }
    }

    pub(crate) fn answer(&self) -> Answer {
        let rejected = match self {
            Refusal::EveryEventRejected { rejected } | Refusal::EveryFrameRejected { rejected } => rejected.as_slice(),
            _ => &[],
        };
        let mut answer = json(self.status(), &Problem { code: self.code(), message: self.message(), rejected });
        if matches!(self.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        if let Refusal::MethodNotAllowed { allow } = self {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        answer
    }
}

/// Which of the assets that were asked for are not here.
#[derive(Debug, Serialize)]
pub(crate) struct Missing {
    pub missing: Vec<String>,
}

impl Missing {
    pub(crate) fn answer(&self) -> Answer {
        json(StatusCode::OK, self)
    }
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).expect("an answer holds only what JSON can say");
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// A short text.
pub(crate) fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

#[cfg(test)]
mod tests {
    use schemas::ingest::EventCode;

    use super::*;

    #[test]
    fn an_answer_lists_every_reject_and_stays_small() {
        let reject = |index| {
            let message = "m".repeat(300);
            Reject { index, code: EventCode::UnknownType, message, raw: "{}" }
        };
        let rejects: Vec<_> = (0..1_000).map(reject).collect();
        let told = rejected(&rejects);
        assert_eq!((told.len(), told[999].index, told[999].code), (1_000, 999, "unknown_type"));
        assert!(told[10].message.is_some() && told[999].message.is_none());
        let answer = Refusal::EveryEventRejected { rejected: told }.answer();
        assert!(answer.body().len() < 64 * 1024, "{}", answer.body().len());
    }

    #[test]
    fn an_answer_does_not_repeat_long_inputs() {
        let long = "é".repeat(8_000);
        for refusal in [
            Refusal::NotFound { path: long.clone() },
            Refusal::OriginNotAllowed { origin: long.clone() },
            Refusal::UnsupportedContentType { content_type: long.clone(), takes: &["a/b"] },
            Refusal::UnsupportedEncoding { encoding: long.clone(), takes: "identity" },
            Refusal::SdkNotBuilt { file: long.clone() },
        ] {
            let answer = refusal.answer();
            assert!(answer.body().len() < 1_024, "{refusal:?}");
        }
    }
}
