//! Flight SQL (<https://arrow.apache.org/docs/format/FlightSql.html>): statements over gRPC, answers as Arrow, for ADBC, JDBC and
//! everything that works on columns. Reading only.
//!
//! A connection ([`connection`]) is HTTP/2, and each call on it brings its token ([`caller`]). What may be called is in [`service`]:
//! a statement is described and then fetched ([`statement`]), each time by a worker as on every other protocol, and the worker
//! writes the rows as messages of Arrow; what passes through here is cut at the ends of messages ([`messages`]) and handed on
//! ([`answer`]). Nothing is kept between two calls: a prepared statement, its values included, is in the handle that the client
//! was given. What the warehouse itself is and has ([`catalog`], [`facts`]) is told without asking a worker, but for the columns of
//! views.

mod answer;
mod caller;
mod catalog;
mod connection;
mod facts;
mod messages;
mod service;
mod statement;
mod tell;

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::access::Access;
use crate::limits::{FLIGHT_ANSWERS_MAX, FLIGHT_CONNECTIONS_MAX};
use crate::listen::{Listen, Listener, Tls, accept};
use crate::sql::Pool;

/// HTTP/2, as clients ask for it within TLS (RFC 7301).
const PROTOCOL: &str = "h2";

/// Begins to listen, and tells where.
///
/// # Errors
/// When a file is no good, or the address is not to be had.
pub async fn listen(listen: &Listen) -> anyhow::Result<Listener> {
    let listener = listen.begin("--flight-listen", Some(PROTOCOL)).await?;
    let scheme = if listener.tls.is_some() { "grpc+tls" } else { "grpc" };
    println!("Flight SQL at {scheme}://{}", listener.address()?);
    Ok(listener)
}

/// What all connections share.
struct Flight {
    access: Arc<Access>,
    pool: Arc<Pool>,
    tls: Option<Tls>,
    /// A permit for each answer on its way.
    answers: Arc<Semaphore>,
    /// Columns of the views, once somebody has asked for them. They are the program's.
    views: OnceCell<Vec<Schema>>,
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
    let answers = Arc::new(Semaphore::new(FLIGHT_ANSWERS_MAX));
    let shared = Arc::new(Flight { access, pool, tls, answers, views: OnceCell::new() });
    accept(socket, FLIGHT_CONNECTIONS_MAX, shutdown, |stream, peer, has_place| {
        connection::serve(shared.clone(), stream, peer, has_place)
    })
    .await;
    Ok(())
}
