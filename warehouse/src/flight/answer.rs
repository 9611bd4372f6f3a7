//! An answer on its way to the client, a message after the other. A client that goes away ends its statement, and one that takes
//! nothing is left.

use arrow_flight::FlightData;
use futures::StreamExt;
use futures::stream::{BoxStream, unfold};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::messages::{Message, Messages};
use super::tell::status;
use crate::limits::FLIGHT_WRITE_MAX;

/// Sends the messages as they are taken; `leave` ends the connection. `permit` is held until the client has all of them.
pub(super) fn stream(
    mut messages: Messages,
    permit: OwnedSemaphorePermit,
    leave: CancellationToken,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = messages.next() => next,
                () = sender.closed() => return,
            };
            let next = next.map(|message| message.map(Message::into_data));
            let next = next.map_err(|failure| status(&failure)).transpose();
            let is_last = !matches!(next, Some(Ok(_)));
            match timeout(FLIGHT_WRITE_MAX, sender.send(next)).await {
                Ok(Ok(())) if is_last => break,
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return leave.cancel(),
            }
        }
        // What was sent last may still lie here.
        if timeout(FLIGHT_WRITE_MAX, sender.closed()).await.is_err() {
            leave.cancel();
        }
    });
    unfold((receiver, permit), |(mut receiver, permit)| async move {
        let next = receiver.recv().await.flatten()?;
        Some((next, (receiver, permit)))
    })
    .boxed()
}
