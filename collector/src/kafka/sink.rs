//! Where records go: Kafka, or nowhere for benchmarks of the edge alone.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::kafka::producer::{Delivery, KafkaSink};
use crate::kafka::records::Records;
use crate::places::Place;

pub(crate) enum Sink {
    Kafka(Arc<KafkaSink>),
    Null,
}

/// The way to learn how a request's records fared.
pub(crate) enum Receipt {
    Pending(oneshot::Receiver<Delivery>),
    /// Nothing was to be delivered.
    Done,
}

impl Sink {
    /// Hands `records` over. The place is given back when the last of them is reported on.
    pub(crate) fn submit(&self, records: &Records, place: Place) -> Result<Receipt, String> {
        match self {
            Sink::Kafka(kafka) => kafka.submit(records, place).map(Receipt::Pending),
            Sink::Null => Ok(Receipt::Done),
        }
    }

    /// What a 200 stands for.
    pub(crate) fn durability(&self) -> &'static str {
        match self {
            Sink::Kafka(_) => "kafka",
            Sink::Null => "none",
        }
    }
}

impl Receipt {
    /// Waits until all records are durable, or one is known not to be.
    pub(crate) async fn delivered(self) -> Delivery {
        match self {
            Receipt::Pending(delivery) => {
                delivery.await.unwrap_or_else(|_| Err("the producer ended before it reported".into()))
            }
            Receipt::Done => Ok(()),
        }
    }
}
