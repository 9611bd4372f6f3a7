//! PostgreSQL's wire protocol, version 3 (<https://www.postgresql.org/docs/current/protocol.html>): what psql, drivers and
//! dashboards speak. Reading only.
//!
//! A connection ([`connection`]) opens with TLS and a token as the password ([`opening`], [`scram`]), then asks statements ([`session`]).
//! Each goes to a worker as on every other protocol, and the worker writes the rows as messages; what passes through here is
//! cut at the ends of rows ([`rows`]) and handed on. Only what is no statement about data is answered here: settings,
//! transactions, which are nothing when everybody reads ([`word`]).

mod connection;
mod message;
mod opening;
mod out;
mod rows;
mod running;
mod scram;
mod session;
mod state;
mod tell;
mod tls;
mod word;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::limits::{DRAIN, POSTGRES_ACCEPT_PAUSE, POSTGRES_CONNECTIONS_MAX};
use crate::sql::Pool;
use running::Running;
pub use tls::Tls;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    pub address: SocketAddr,
    /// Certificate and key, for TLS.
    pub files: Option<(PathBuf, PathBuf)>,
}

impl Listen {
    /// Begins to listen.
    ///
    /// # Errors
    /// When a file is no good, or the address is not to be had.
    pub async fn listen(&self) -> anyhow::Result<(TcpListener, Option<Tls>)> {
        let tls = match &self.files {
            Some((certificate, key)) => Some(Tls::read(certificate, key)?),
            None => None,
        };
        let listener = TcpListener::bind(self.address).await.with_context(|| {
            format!("cannot listen on {}; choose another address with --postgres-listen", self.address)
        })?;
        println!("PostgreSQL's protocol at postgresql://{}/telemetry", listener.local_addr()?);
        Ok((listener, tls))
    }
}

/// What all connections share.
pub struct Postgres {
    access: Arc<Access>,
    pool: Arc<Pool>,
    tls: Option<Tls>,
    running: Arc<Running>,
}

impl Postgres {
    pub fn new(access: Arc<Access>, pool: Arc<Pool>, tls: Option<Tls>) -> Self {
        Self { access, pool, tls, running: Arc::default() }
    }

    /// Serves until `shutdown`.
    ///
    /// # Errors
    /// When others can reach the address and no token is asked for, or tokens would pass in the clear.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
        let address = listener.local_addr().context("PostgreSQL's listener")?;
        if !address.ip().is_loopback() && (!self.access.is_asked_for() || self.tls.is_none()) {
            bail!("{address} is within others' reach: it needs tokens, and TLS, since they come as passwords");
        }
        let shared = Arc::new(self);
        let places = Arc::new(Semaphore::new(POSTGRES_CONNECTIONS_MAX));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.cancelled() => break,
            };
            // A peer that is gone before it is accepted, or no more descriptors, of which some come back: neither ends it.
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(POSTGRES_ACCEPT_PAUSE).await;
                continue;
            };
            let place = places.clone().try_acquire_owned().ok();
            let (shared, shutdown) = (shared.clone(), shutdown.clone());
            connections.spawn(async move {
                tokio::select! {
                    () = connection::serve(&shared, stream, peer, place.is_some()) => {}
                    () = shutdown.cancelled() => {}
                }
                drop(place);
            });
        }
        connections.close();
        let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
        Ok(())
    }
}
