//! The files of an import as one stream of rows.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::PartitionStream;

use super::order::Order;
use super::sink::{Counts, Sink};
use super::{Provider, adobe, ga4};

/// Batches that wait to be sorted.
const BATCHES_AHEAD: usize = 2;

/// Reads the files whenever its rows are asked for.
#[derive(Debug)]
pub(super) struct Intake {
    pub order: Arc<Order>,
    pub schema: SchemaRef,
    pub counts: Arc<Counts>,
}

impl PartitionStream for Intake {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema.clone(), BATCHES_AHEAD);
        let (order, counts, schema) = (self.order.clone(), self.counts.clone(), self.schema.clone());
        let rows = builder.tx();
        builder.spawn_blocking(move || {
            let sink = Sink::new(&order.site_id, schema, &counts, rows);
            read(&order, sink).map_err(|error| {
                let told = DataFusionError::Execution(format!("{error:#}"));
                counts.fail(error);
                told
            })
        });
        builder.build()
    }
}

fn read(order: &Order, mut sink: Sink) -> anyhow::Result<()> {
    match order.provider {
        Provider::Ga4 => {
            for (index, path) in order.files.iter().enumerate() {
                sink.turn_to(index, path);
                ga4::read(path, order.intraday, &mut sink).with_context(|| path.display().to_string())?;
            }
        }
        Provider::Adobe => {
            let (data, sides): (Vec<&PathBuf>, Vec<&PathBuf>) =
                order.files.iter().partition(|path| !adobe::is_side_file(path));
            if data.is_empty() {
                bail!("none of the files holds hits: give hit_data.tsv as well");
            }
            for (index, path) in data.into_iter().enumerate() {
                sink.turn_to(index, path);
                adobe::read(path, &sides, &mut sink).with_context(|| path.display().to_string())?;
            }
        }
    }
    sink.flush()
}
