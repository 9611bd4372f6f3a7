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
mod word;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::limits::POSTGRES_CONNECTIONS_MAX;
use crate::listen::{Listen, Listener, Tls, accept};
use crate::sql::Pool;
use running::Running;

/// Begins to listen, and tells where.
///
/// # Errors
/// When a file is no good, or the address is not to be had.
pub async fn listen(listen: &Listen) -> anyhow::Result<Listener> {
    let listener = listen.begin("--postgres-listen", None).await?;
    println!("PostgreSQL's protocol at postgresql://{}/telemetry", listener.address()?);
    Ok(listener)
}

/// What all connections share.
struct Postgres {
    access: Arc<Access>,
    pool: Arc<Pool>,
    tls: Option<Tls>,
    running: Arc<Running>,
}

/// Serves until `shutdown`.
///
/// # Errors
/// When others can reach the address and no token is asked for, or tokens would pass in the clear.
pub async fn serve(
    listener: Listener,
    access: Arc<Access>,
    pool: Arc<Pool>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    listener.check(&access)?;
    let Listener { socket, tls } = listener;
    let shared = Arc::new(Postgres { access, pool, tls, running: Arc::default() });
    accept(socket, POSTGRES_CONNECTIONS_MAX, shutdown, |stream, peer, has_place| {
        let shared = shared.clone();
        async move { connection::serve(&shared, stream, peer, has_place).await }
    })
    .await;
    Ok(())
}
