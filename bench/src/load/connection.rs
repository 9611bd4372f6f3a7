//! One keep-alive connection to a collector.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;
use url::Url;

use super::encoding::Encoding;
use crate::traffic::Batch;

/// A collector answers at the latest when its own `ack_timeout_ms` is over; this is beyond any sensible one.
const ANSWER_WAIT: Duration = Duration::from_secs(60);
/// How long to wait when a 429 or 503 names no time.
const RETRY_DEFAULT: Duration = Duration::from_secs(1);

/// Where batches go, and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    authority: String,
    path: String,
    /// By the place of a site.
    authorizations: Arc<[String]>,
    content_type: &'static str,
    encoding: Encoding,
}

/// Who is posted for.
#[derive(Clone, Debug)]
pub struct Site {
    pub site_id: String,
    pub write_key: String,
}

impl Target {
    /// `url` is a collector's address (`http://host:port`) or its events path; `key` is a write key. The bodies
    /// must be encoded as `encoding` says.
    pub fn new(url: &str, key: &str, encoding: Encoding) -> Result<Self> {
        let parsed = Url::parse(url).with_context(|| format!("--url {url:?} is no address; write http://host:port"))?;
        if parsed.scheme() != "http" {
            bail!("--url {url}: only http:// is spoken here; post to the collector behind its TLS proxy");
        }
        let host = parsed.host_str().with_context(|| format!("--url {url} names no host; write http://host:port"))?;
        let path = if parsed.path() == "/" { "/v1/events" } else { parsed.path() };
        Ok(Self {
            authority: format!("{host}:{}", parsed.port_or_known_default().unwrap_or(80)),
            path: path.to_owned(),
            authorizations: [format!("Bearer {key}")].into(),
            content_type: "application/json",
            encoding,
        })
    }

    /// The same for batches of several sites, each with its place among these.
    #[must_use]
    pub fn of_sites(self, sites: &[Site]) -> Self {
        Self { authorizations: sites.iter().map(|site| format!("Bearer {}", site.write_key)).collect(), ..self }
    }

    /// The same for frames of recordings.
    #[must_use]
    pub fn of_frames(self) -> Self {
        Self { path: "/v1/replay".into(), content_type: "application/octet-stream", ..self }
    }
}

/// What the collector said to one batch.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub accepted: u64,
    pub rejected: u64,
    /// First reject's code and message, or the refusal's.
    pub complaint: Option<String>,
    pub took: Duration,
    /// When to send the same batch again, if at all.
    pub retry_after: Option<Duration>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnswerBody {
    accepted: u64,
    rejected: Vec<serde_json::Value>,
    code: Option<String>,
    message: Option<String>,
}

/// Connects when needed, and again after an error.
pub struct Connection {
    target: Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub fn new(target: Target) -> Self {
        Self { target, sender: None }
    }

    /// Posts one batch. An error means that no answer came: the batch may or may not have been taken.
    pub async fn post(&mut self, batch: &Batch) -> Result<Answer> {
        let began = Instant::now();
        let answer = tokio::time::timeout(ANSWER_WAIT, self.exchange(batch)).await;
        match answer {
            Ok(Ok(mut answer)) => {
                answer.took = began.elapsed();
                Ok(answer)
            }
            Ok(Err(error)) => {
                self.sender = None;
                Err(error)
            }
            Err(_) => {
                self.sender = None;
                Err(anyhow!("{} gave no answer within {ANSWER_WAIT:?}", self.target.authority))
            }
        }
    }

    async fn exchange(&mut self, batch: &Batch) -> Result<Answer> {
        let authorization =
            self.target.authorizations.get(batch.site).context("the batch's site is not among the target's")?;
        let mut request = Request::post(&self.target.path);
        if let Some(encoding) = self.target.encoding.header() {
            request = request.header(header::CONTENT_ENCODING, encoding);
        }
        let request = request
            .header(header::HOST, &self.target.authority)
            .header(header::AUTHORIZATION, authorization)
            .header(header::CONTENT_TYPE, self.target.content_type)
            .header(header::USER_AGENT, batch.user_agent)
            .body(Full::new(batch.body.clone()))
            .context("the request cannot be built")?;
        let response = self.sender().await?.send_request(request).await?;
        let status = response.status();
        let retry_after = matches!(status.as_u16(), 429 | 503).then(|| {
            let seconds =
                response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
            seconds.map_or(RETRY_DEFAULT, Duration::from_secs)
        });
        let body = response.into_body().collect().await?.to_bytes();
        let said: AnswerBody = serde_json::from_slice(&body).unwrap_or_default();
        let complaint = match (said.rejected.first(), said.code) {
            (Some(reject), _) => Some(reject.to_string()),
            (None, Some(code)) => Some(format!("{code}: {}", said.message.unwrap_or_default())),
            (None, None) => None,
        };
        Ok(Answer {
            status: status.as_u16(),
            accepted: said.accepted,
            rejected: said.rejected.len() as u64,
            complaint,
            took: Duration::ZERO,
            retry_after,
        })
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>> {
        let usable = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let authority = &self.target.authority;
            let stream = TcpStream::connect(authority).await.with_context(|| format!("{authority} does not answer"))?;
            stream.set_nodelay(true)?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await?;
            // Ends with the connection; its error reaches the request that was under way.
            tokio::spawn(connection);
            self.sender = Some(sender);
        }
        Ok(self.sender.as_mut().expect("it was just set"))
    }
}
