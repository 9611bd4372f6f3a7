//! What every request that brings something passes, whatever it brings: who sends it, whether there is room, its body; and
//! at its end the wait until its records are durable.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use schemas::time::epoch_ms;
use warp::http::header::HeaderMap;

use crate::config::Ack;
use crate::edge::Edge;
use crate::http::address::{client_address, network_of};
use crate::http::answer::Refusal;
use crate::http::request::Request;
use crate::kafka::records::{Records, SchemaIds};
use crate::places::{Holder, Place};
use crate::sites::{Key, Site, check_origin};

/// Who sent a body, and when.
pub(crate) struct Sender<'a> {
    pub site: &'a Site,
    pub client: IpAddr,
    pub headers: &'a HeaderMap,
    /// Epoch milliseconds.
    pub received_at: f64,
    pub schema_ids: SchemaIds,
}

/// A body that was let in, and its place in the window.
pub(crate) struct Admitted<'a> {
    pub sender: Sender<'a>,
    pub place: Place,
    pub body: Bytes,
}

/// The steps in order; the first that refuses ends the request. `fits` looks at the headers before the body is read.
pub(crate) async fn admit<'a>(
    edge: &Edge,
    request: &'a mut Request,
    key: &'a Key,
    bytes_max: usize,
    fits: impl FnOnce(&HeaderMap) -> Result<(), Refusal>,
) -> Result<Admitted<'a>, Refusal> {
    let (received_at, config, headers) = (epoch_ms(SystemTime::now()), &edge.config, &request.headers);
    let site: &Arc<Site> = key.site()?;
    check_origin(site, headers)?;
    let client = client_address(request.peer, headers, config.forwarded_by, &config.trusted_proxies);
    edge.rates.check(site.index, client)?;
    fits(headers)?;
    let schema_ids = edge.schema_ids()?;

    let holders = [Some(Holder::Address(network_of(client))), Some(Holder::Key(site.index))];
    let place = edge.window.enter(holders)?;
    let body = request.body.read(headers, bytes_max, config.limits.body_timeout_ms, &place).await?;
    Ok(Admitted { sender: Sender { site, client, headers, received_at, schema_ids }, place, body })
}

/// Hands the records over and waits as long as the configuration says. Gives what a 200 stands for.
pub(crate) async fn deliver(edge: &Edge, records: Records, place: Place) -> Result<&'static str, Refusal> {
    let receipt = edge.sink.submit(&records, place).map_err(|reason| Refusal::NotDurable { reason })?;
    drop(records);
    match edge.config.ack {
        Ack::Kafka => {
            let wait = Duration::from_millis(edge.config.ack_timeout_ms);
            let delivery = tokio::time::timeout(wait, receipt.delivered()).await;
            let silent = || Err(format!("no acknowledgement within {} ms", edge.config.ack_timeout_ms));
            delivery.unwrap_or_else(|_| silent()).map_err(|reason| Refusal::NotDurable { reason })?;
            Ok(edge.sink.durability())
        }
        Ack::Memory => Ok("memory"),
    }
}
