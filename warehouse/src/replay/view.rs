//! Recordings in SQL: the tables with what has landed since, and page views with what is recorded of them.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::datasource::TableProvider;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};

use super::fresh::{Origin, fresh};
use super::rule;
use crate::curated::scan::Scan;
use crate::lake::Lake;
use crate::tables::Table;

/// Name of the view that has a row for each page view of a session of which something is recorded.
pub(crate) const VIEW: &str = "replay_page_views";

/// A table of recordings as it would stand if everything that has landed were compacted now. The version is read before the
/// chain, so no frame falls between them.
pub(crate) async fn open(lake: &Lake, table: &'static Table) -> anyhow::Result<Arc<dyn TableProvider>> {
    let base = lake.recordings.table(table).newest().await?;
    let links = lake.recordings.chains.links_after(&base.progress).await?;
    if links.iter().all(|link| link.files.is_empty()) {
        return Ok(Scan::version(&base));
    }
    let fresh = fresh(&lake.engine, &base, &links).await?;
    let columns = table.columns().join(", ");
    let inputs = lake.engine.inputs().table("landing", Scan::frames(&links))?.function(is_fresh(fresh));
    // What is cheap comes first: most rows of the other kind are told by it alone.
    let own = rule(table).own;
    let new = format!("select {columns} from landing where {own} and is_fresh(kafka_partition, kafka_offset)");
    let new = inputs.select(&new).await?;
    if base.files.is_empty() {
        return Ok(new.into_view());
    }
    let inputs = lake.engine.inputs().table("curated", Scan::version(&base))?;
    Ok(inputs.select(&format!("select {columns} from curated")).await?.union(new)?.into_view())
}

/// `is_fresh(kafka_partition, kafka_offset)`: whether the frame is a row of the table.
fn is_fresh(origins: HashSet<Origin>) -> ScalarUDF {
    let call = move |arguments: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(arguments)?;
        let number = |column: usize, row: usize| arrays[column].as_primitive::<Int64Type>().value(row);
        let rows = 0..arrays.first().map_or(0, |array| array.len());
        let found = rows.map(|row| Some(origins.contains(&(number(0, row), number(1, row)))));
        Ok(ColumnarValue::Array(Arc::new(found.collect::<BooleanArray>())))
    };
    let inputs = vec![DataType::Int64, DataType::Int64];
    create_udf("is_fresh", inputs, DataType::Boolean, Volatility::Stable, Arc::new(call))
}

/// A select of what is recorded of each page view, in the session in which the recording began. Whoever names another visitor's page
/// view belongs to nobody. A chunk has come when all of its parts have.
pub(crate) fn view() -> &'static str {
    r"
with chunks as (
    select site_id, visitor_id, page_view_id, chunk_seq, min(kind) as kind, min(first_at) as first_at,
        max(last_at) as last_at, sum(bytes) as bytes, max(raw_bytes) as raw_bytes, max(nodes) as nodes,
        bool_or(partial) as partial, bool_or(final) as final, count(*) >= max(parts) as whole
    from replay_chunks group by site_id, visitor_id, page_view_id, chunk_seq
),
recorded as (
    select site_id, visitor_id, page_view_id, min(first_at) as first_at, max(last_at) as last_at,
        count(*) filter (where whole) as chunks, count(*) filter (where whole and kind = 'snapshot') as snapshots,
        max(chunk_seq) + 1 as chunks_named, sum(bytes) as bytes, sum(raw_bytes) as raw_bytes,
        max(nodes) as nodes, bool_or(partial) as partial, bool_or(final) as final
    from chunks group by site_id, visitor_id, page_view_id
),
of_sessions as (
    select p.site_id, p.visitor_id, p.page_view_id, p.session_id, p.session_started_at, p.page_url, p.started_at,
        row_number() over (partition by p.site_id, p.visitor_id, p.page_view_id order by p.started_at) as place
    from page_views p
)
select r.site_id, p.session_id, p.session_started_at, r.visitor_id, r.page_view_id, p.page_url, r.first_at, r.last_at,
    r.chunks, r.snapshots, r.chunks_named - r.chunks as chunks_missing, r.final as ended, r.partial, r.nodes, r.bytes,
    r.raw_bytes
from recorded r left join of_sessions p
    on p.site_id = r.site_id and p.visitor_id = r.visitor_id and p.page_view_id = r.page_view_id and p.place = 1
"
}
