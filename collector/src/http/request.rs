//! A request, taken apart.

use std::net::IpAddr;

use warp::http::{HeaderMap, Method};
use warp::path::FullPath;

use crate::http::body::Incoming;

/// Colon, space and the end of a header's line.
const HEADER_SIGNS_BYTES: usize = 4;

/// What came, with the body still on its way.
pub(crate) struct Request {
    pub method: Method,
    pub path: FullPath,
    pub query: String,
    pub headers: HeaderMap,
    pub peer: IpAddr,
    pub body: Incoming,
}

impl Request {
    /// Of the request line and the headers, about as they were sent.
    pub(crate) fn head_bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER_SIGNS_BYTES);
        self.path.as_str().len() + self.query.len() + headers.sum::<usize>()
    }
}
