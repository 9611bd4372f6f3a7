//! Listeners: a bounded number of connections; of the protocols beside HTTP also where they listen, with TLS or without.

mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::limits::{ACCEPT_PAUSE, DRAIN};
pub use tls::Tls;

/// Where to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    pub address: SocketAddr,
    /// Certificate and key, for TLS.
    pub files: Option<(PathBuf, PathBuf)>,
}

/// An address that is listened on, with TLS or without.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) tls: Option<Tls>,
}

impl Listen {
    /// Begins to listen; `flag` is that of the address, `protocol` what a client may ask for by name.
    ///
    /// # Errors
    /// When a file is no good, or the address is not to be had.
    pub async fn begin(&self, flag: &str, protocol: Option<&str>) -> anyhow::Result<Listener> {
        let tls = match &self.files {
            Some((certificate, key)) => Some(Tls::read(certificate, key, protocol)?),
            None => None,
        };
        let socket = TcpListener::bind(self.address)
            .await
            .with_context(|| format!("cannot listen on {}; choose another address with {flag}", self.address))?;
        Ok(Listener { socket, tls })
    }
}

impl Listener {
    /// # Errors
    /// When the system does not know it.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.socket.local_addr().context("the address of a listener")
    }

    /// Whether it is safe to serve there.
    ///
    /// # Errors
    /// When others can reach the address and no token is asked for, or tokens would pass in the clear.
    pub(crate) fn check(&self, access: &Access) -> anyhow::Result<()> {
        let address = self.address()?;
        if !address.ip().is_loopback() && (!access.is_asked_for() || self.tls.is_none()) {
            bail!("{address} is within others' reach: it needs tokens, and TLS, since they come as passwords");
        }
        Ok(())
    }
}

/// Serves connections until `shutdown`, which ends all of them, each in a task of its own, which is told whether there is a place for
/// it.
pub(crate) async fn accept<Served>(
    socket: TcpListener,
    connections_max: usize,
    shutdown: CancellationToken,
    serve: impl Fn(TcpStream, SocketAddr, bool) -> Served,
) where
    Served: Future<Output = ()> + Send + 'static,
{
    let connections = admit(socket, connections_max, shutdown.clone(), |stream, peer, has_place| {
        let (served, shutdown) = (serve(stream, peer, has_place), shutdown.clone());
        async move {
            tokio::select! {
                () = served => {}
                () = shutdown.cancelled() => {}
            }
        }
    });
    let _ = tokio::time::timeout(DRAIN, connections.await.wait()).await;
}

/// Takes connections until `shutdown`, each in a task of its own, which is told whether there is a place for it. Comes back with those
/// that are open still, which end as they like.
pub(crate) async fn admit<Served>(
    socket: TcpListener,
    connections_max: usize,
    shutdown: CancellationToken,
    serve: impl Fn(TcpStream, SocketAddr, bool) -> Served,
) -> TaskTracker
where
    Served: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(connections_max));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        // A peer that is gone before it is accepted, or no more descriptors, of which some come back: neither ends it.
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Small answers are whole messages already: none waits for the acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let place = places.clone().try_acquire_owned().ok();
        let served = serve(stream, peer, place.is_some());
        connections.spawn(async move {
            served.await;
            drop(place);
        });
    }
    connections.close();
    connections
}
