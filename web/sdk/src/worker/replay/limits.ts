/** Every limit of a recording, with its unit. Those that the collector holds us to stand in `schemas/src/replay`. */

/** A chunk is cut this long after its first event, and at this size: UTF-16 units of JSON, before compression. */
export const CHUNK_MS_MAX = 5_000;
export const CHUNK_UNITS_MAX = 256 * 1024;
/** The collector's: a payload inflated, a payload, a body, frames of a body, slices of a snapshot, chunks of a page view. */
export const RAW_BYTES_MAX = 8 * 1024 * 1024;
export const PAYLOAD_BYTES_MAX = 512 * 1024;
export const BODY_BYTES_MAX = 1024 * 1024;
export const FRAMES_MAX = 8;
export const PARTS_MAX = 8;
export const CHUNKS_MAX = 32_768;
/** The collector's for a header. */
export const HEADER_BYTES_MAX = 4 * 1024;

/** Of an asset as it is sent, and of all of a page view. */
export const ASSET_BYTES_MAX = PAYLOAD_BYTES_MAX;
export const ASSETS_BYTES_MAX = 4 * 1024 * 1024;
/** A header takes 67 bytes for each that its chunk names, and at most 800 for all else. */
export const ASSETS_NAMED_MAX = 45;
/** Addresses of one page view that are looked at. */
export const ASSETS_FOUND_MAX = 1_000;
/** What is found is read after this time: by then the page has loaded it. */
export const ASSETS_AFTER_MS = 3_000;

/** What reading a file from the cache may take: behind the file of a style sheet nothing else is told meanwhile. */
export const CACHE_MS_MAX = 3_000;

/** Changes of a page, UTF-16 units of JSON: so many at once, and so many a second after that. */
export const CHANGES_AT_ONCE_UNITS_MAX = 1024 * 1024;
export const CHANGES_UNITS_PER_S = 25 * 1024;
/** Beyond that nothing is taken until the page has been quiet for so long; then there is a new snapshot. */
export const QUIET_MS = 2_000;
/** So long after that it is not waited any more for a page that is never quiet. */
export const QUIET_WITHIN_MS = 30_000;
/** A snapshot that is asked for again, after so long or so many changes, and only if the last one held the page up no longer. */
export const CHECKOUT_EVERY_MS = 5 * 60_000;
export const CHECKOUT_AFTER_UNITS = 1024 * 1024;
export const CHECKOUT_COST_MS_MAX = 16;
/** Compressed bytes of a page view, parts joined. */
export const PAGE_VIEW_BYTES_MAX = 20 * 1024 * 1024;

/** Mode `friction`: snapshots come this often, and of the last so many with what followed is kept. */
export const GENERATION_MS_MIN = 60_000;
export const GENERATIONS_KEPT = 2;

/** Frames that are not answered yet, on this device: recordings have a share of their own, and never take that of events. */
export const OUTBOX_FRAMES_BYTES_MAX = 5 * 1024 * 1024;
export const OUTBOX_FRAMES_MAX = 2_000;
/**
 * What the worker sends at the page's end, uncompressed. The browser allows 64 KiB in flight over a whole page, and the page has
 * beaconed its events before.
 */
export const TAIL_BYTES_MAX = 48 * 1024;

/** Rules by which the recording was masked. */
export const MASKING_VERSION = 1;
