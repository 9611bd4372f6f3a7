//! Packages to flat events, columnar all the way: no struct per event, no clock, no randomness, no I/O, so that a
//! replay of the same records gives the same rows.

pub(crate) mod agent;
pub(crate) mod campaign;
pub(crate) mod clock;
mod context;
mod event;
pub(crate) mod lift;
pub(crate) mod referrer;
pub(crate) mod scrub;

use std::sync::Arc;

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, BooleanArray, Int64Array, StringArray, StructArray, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use schemas::landing::event_fields;

use agent::Agents;
use clock::Correction;
use context::Spread;
use referrer::OwnDomains;
use scrub::AllowedQueryKeys;

use crate::events::{Columns, EventKeys, Events, time_array};
use crate::kafka::frames::Origin;

/// Columns without a source yet: the collector has no geo database.
const EMPTY_COLUMNS: [&str; 3] = ["geo_country", "geo_region", "geo_city"];

/// The settings and the caches of the transform.
#[derive(Debug, Default)]
pub(crate) struct Transform {
    agents: Agents,
    allowed: AllowedQueryKeys,
    own: OwnDomains,
}

impl Transform {
    pub(crate) fn new(allowed: AllowedQueryKeys, own: OwnDomains) -> Self {
        Self { agents: Agents::default(), allowed, own }
    }

    /// Flattens `packages`, whose rows were read at `origins` of `partition`.
    pub(crate) fn transform(&mut self, packages: &RecordBatch, partition: i32, origins: &[Origin]) -> Result<Events> {
        let fields = event_fields();
        let packages = StructArray::from(packages.clone());
        let list = lift::child(&packages, "events")?;
        let list = list.as_list_opt::<i32>().context("the field events is no list")?;
        let events = list.values().as_struct_opt().context("the events are no records")?;
        let spread = Spread::new(list.offsets().lengths(), events.len());

        let mut columns = Columns::with_capacity(fields.len());
        context::add(&mut columns, &packages, &spread, &mut self.agents, &self.allowed, &self.own)?;
        let trail_type = fields.iter().find(|field| field.name() == "trail_dt").context("no column trail_dt")?;
        event::add(&mut columns, events, trail_type.data_type(), &self.allowed)?;
        let broker_at: Vec<_> = origins.iter().map(|origin| clock::broker_time(origin.timestamp_ms)).collect();
        let occurred_at = add_times(&mut columns, &packages, events, &broker_at, list.offsets(), &spread)?;
        let seq = lift::child_int(events, "seq")?;
        columns.insert("seq", Arc::new(seq.clone()));
        columns.insert(
            "kafka_offset",
            spread.copied(&Int64Array::from_iter_values(origins.iter().map(|origin| origin.offset)))?,
        );
        columns.insert("kafka_partition", Arc::new(Int64Array::from(vec![i64::from(partition); events.len()])));
        for column in EMPTY_COLUMNS {
            columns.insert(column, new_null_array(&DataType::Utf8, events.len()));
        }
        let keys = EventKeys {
            site_id: lift::child_text(&packages, "site_id")?,
            visitor_id: lift::child_text(&packages, "visitor_id")?,
            tab_id: lift::child_text(&packages, "tab_id")?,
            offsets: list.offsets().clone(),
            seq: seq.values().to_vec(),
            occurred_at,
            broker_at,
        };
        Ok(Events { columns, fields, keys })
    }
}

/// Adds the times and gives back the corrected ones.
fn add_times(
    columns: &mut Columns,
    packages: &StructArray,
    events: &StructArray,
    broker_at: &[Option<i64>],
    offsets: &OffsetBuffer<i32>,
    spread: &Spread,
) -> Result<Vec<i64>> {
    let (sent, received) = (lift::raw_numbers(packages, "sent_at")?, lift::raw_numbers(packages, "received_at")?);
    let clock_offset = lift::child_number(&lift::child_struct(packages, "clock")?, "offset_ms")?;
    let at = lift::raw_numbers(events, "at")?;
    let at = at.values();

    let (mut occurred, mut client) = (Vec::with_capacity(at.len()), Vec::with_capacity(at.len()));
    let mut clamped = Vec::with_capacity(at.len());
    let (mut received_us, mut sources) = (Vec::with_capacity(sent.len()), Vec::with_capacity(sent.len()));
    for package in 0..sent.len() {
        let offset_ms = clock_offset.is_valid(package).then(|| clock_offset.value(package));
        let received = clock::received(received.value(package), broker_at[package]);
        let correction = Correction::of_package(sent.value(package), received, offset_ms);
        received_us.push(correction.received_us());
        sources.push(correction.source);
        for at in &at[offsets[package] as usize..offsets[package + 1] as usize] {
            let times = correction.times(*at);
            occurred.push(times.occurred_us);
            client.push(times.client_us);
            clamped.push(times.clamped);
        }
    }
    columns.insert("occurred_at", Arc::new(time_array(occurred.clone())));
    columns.insert("client_at", Arc::new(time_array(client)));
    columns.insert("time_clamped", Arc::new(BooleanArray::from(clamped)));
    columns.insert("received_at", spread.copied(&time_array(received_us))?);
    columns.insert("clock_source", spread.text(StringArray::from(sources))?);
    Ok(occurred)
}

#[cfg(test)]
mod tests;
