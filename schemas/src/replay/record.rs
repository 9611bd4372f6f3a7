//! A frame as a record of `telemetry.replay`.

use super::{Asset, Chunk, Frame};
use crate::avro;

/// Index of the Avro symbol of an asset; those of chunks are the indices of their kinds.
const ASSET_SYMBOL: i64 = 2;

/// Most that a record has beside its payload: what the header says, in fewer bytes, and the site's name.
pub const RECORD_OVERHEAD_BYTES_MAX: usize = 8 * 1024;

/// What the collector knows about a frame beside what the frame says.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// By the write key.
    pub site_id: &'a str,
    /// Collector clock, epoch milliseconds.
    pub received_at: f64,
}

/// Appends the framed record to `out`. Fields in the order of `avro/telemetry.replay.avsc`.
pub fn encode(out: &mut Vec<u8>, schema_id: u32, context: &Context, frame: &Frame) {
    avro::frame(out, schema_id);
    avro::string(out, context.site_id);
    match frame {
        Frame::Chunk(chunk, payload) => encode_chunk(out, context, chunk, payload),
        Frame::Asset(asset, payload) => encode_asset(out, context, asset, payload),
    }
}

fn encode_chunk(out: &mut Vec<u8>, context: &Context, chunk: &Chunk, payload: &[u8]) {
    uuid(out, chunk.visitor_id.0);
    uuid(out, chunk.tab_id.0);
    avro::optional(out, Some(chunk.page_view_id.0), uuid);
    avro::optional(out, Some(chunk.chunk_seq.0), avro::long);
    avro::long(out, chunk.kind as i64);
    avro::optional(out, Some(chunk.first_at.0), avro::double);
    avro::optional(out, Some(chunk.last_at.0), avro::double);
    avro::double(out, context.received_at);
    avro::optional(out, chunk.clock.as_deref().map(|clock| clock.offset_ms.0), avro::double);
    avro::optional(out, chunk.clock.as_deref().and_then(|clock| clock.error_ms).map(|error| error.0), avro::double);
    avro::string(out, chunk.encoding.name());
    avro::long(out, chunk.part.0);
    avro::long(out, chunk.parts.0);
    for number in [Some(chunk.first_q), Some(chunk.last_q), Some(chunk.events), chunk.nodes] {
        avro::optional(out, number.map(|number| number.0), avro::long);
    }
    avro::long(out, chunk.raw_bytes.0);
    for side in chunk.viewport {
        avro::optional(out, Some(side.0), avro::double);
    }
    avro::boolean(out, chunk.r#final);
    avro::boolean(out, chunk.partial);
    avro::optional(out, chunk.page_cost_ms.map(|cost| cost.0), avro::double);
    avro::long(out, chunk.masking_version.0);
    avro::array_start(out, chunk.assets.len());
    for asset in &chunk.assets {
        avro::string(out, &asset.to_string());
    }
    avro::array_end(out);
    for _ in ["sha256", "content_type", "url"] {
        avro::optional(out, None, avro::string);
    }
    avro::bytes(out, payload);
}

fn encode_asset(out: &mut Vec<u8>, context: &Context, asset: &Asset, payload: &[u8]) {
    uuid(out, asset.visitor_id.0);
    uuid(out, asset.tab_id.0);
    avro::optional(out, None, uuid);
    avro::optional(out, None, avro::long);
    avro::long(out, ASSET_SYMBOL);
    for _ in ["started_at", "ended_at"] {
        avro::optional(out, None, avro::double);
    }
    avro::double(out, context.received_at);
    for _ in ["clock_offset_ms", "clock_error_ms"] {
        avro::optional(out, None, avro::double);
    }
    avro::string(out, asset.encoding.name());
    let (part, parts) = (0, 1);
    avro::long(out, part);
    avro::long(out, parts);
    for _ in ["first_q", "last_q", "events", "nodes"] {
        avro::optional(out, None, avro::long);
    }
    avro::long(out, asset.raw_bytes.0);
    for _ in ["viewport_width", "viewport_height"] {
        avro::optional(out, None, avro::double);
    }
    for _ in ["final", "partial"] {
        avro::boolean(out, false);
    }
    avro::optional(out, None, avro::double); // page_cost_ms
    avro::long(out, 0); // masking_version
    avro::array_end(out); // assets
    avro::optional(out, Some(&*asset.sha256.to_string()), avro::string);
    avro::optional(out, Some(asset.content_type.name()), avro::string);
    avro::optional(out, asset.url.as_deref(), avro::string);
    avro::bytes(out, payload);
}

fn uuid(out: &mut Vec<u8>, id: uuid::Uuid) {
    let mut text = uuid::Uuid::encode_buffer();
    avro::string(out, id.hyphenated().encode_lower(&mut text));
}
