/** Every limit of the SDK, with its unit and its reason. Both bundles share this file. */

export const SDK_VERSION = '1.0.0';

/** Rows of notes of one batch: as many pointer samples as `BATCH_BYTES_MAX` holds. 56 bytes each. */
export const NOTES_ROWS_MAX = 2_048;
/** An element that was noted is described in an idle moment after this time, several at once; */
export const DESCRIBE_AFTER_MS = 200;
/** at the latest so much later. */
export const DESCRIBE_WITHIN_MS = 1_000;
/** The browser tells where an element lies with the next frame; after this time it is not waited for. */
export const PLACE_WITHIN_MS = 100;
/** For this time a description is taken for true, as long as the text that the element begins with stays. */
export const DESCRIBED_MS = 5_000;

/** A batch is cut this long after its first event. */
export const FLUSH_MS = 5_000;
/**
 * What is known whole goes to the worker after this time, or in a moment in which elements are described, then in parts of at least
 * so many rows. Each costs the page as much as several presses; but what the worker has not written when the page ends the page
 * must write, which holds it up.
 */
export const PART_AFTER_MS = 1_000;
export const PART_ROWS_MIN = 64;
/**
 * A batch is cut at this size, before compression. The rule is 32 KiB compressed and 48 KiB hard for a
 * beacon; a beacon cannot be compressed, so cutting at 40 KiB of JSON keeps both by construction.
 */
export const BATCH_BYTES_MAX = 40 * 1024;
/**
 * About the JSON of a sample of the pointer, of an event, and of the element of one that is not described yet. So a batch has at
 * most 683 events, of the 1,000 that the collector takes, and `NOTES_ROWS_MAX` rows.
 */
export const SAMPLE_BYTES = 20;
export const EVENT_BYTES = 60;
export const ELEMENT_BYTES = 260;
/** Events kept on the page while consent is pending; further ones are not captured, and are counted. */
export const PENDING_EVENTS_MAX = 900;
export const PENDING_SAMPLES_MAX = 20_000;
/** Batches that the page keeps for its end until the worker has stored them. */
export const UNKEPT_BATCHES_MAX = 24;
/** A worker, or its file as a script, that is not there after this time is given up. */
export const WORKER_WITHIN_MS = 10_000;
/** Everything of this device is deleted within this time, or as good as the browser lets us. */
export const FORGET_WITHIN_MS = 3_000;

/** Each visitor of a document has a worker; after so many were forgotten there is none any more. */
export const FORGOTTEN_MAX = 20;

/** UTF-16 units; at most three bytes each in UTF-8, so always under the collector's 8 KiB for a string. */
export const STRING_UNITS_MAX = 2_048;
export const ELEMENT_TEXT_UNITS_MAX = 64;
/** The length of what an editor holds, and of what is selected, is counted up to here. */
export const EDITOR_UNITS_MAX = 10_000;
/** So many inputs are looked at for which of them is a password, or which of its group a radio button is. */
export const INPUTS_MAX = 1_000;
/** A longer string is not read at all: one that a page put together by pieces would be joined first. */
export const STRING_READ_UNITS_MAX = 1_000_000;
/** JSON of the properties of one custom event: well under the collector's 64 KiB for an event. */
export const PROPERTIES_UNITS_MAX = 16_384;
/** Values in the properties of one custom event, and how long the page may be held up by reading them. */
export const PROPERTIES_NODES_MAX = 1_000;
export const PROPERTIES_MS_MAX = 5;
export const USER_ID_UNITS_MAX = 256;
/** The collector allows a depth of 32; the batch itself takes four. */
export const PROPERTIES_DEPTH_MAX = 16;
/** Errors of one document: a loop that throws must not become a flood. */
export const ERRORS_PER_DOCUMENT_MAX = 100;
/** What may be the last of a page, as an error or a submit, is sent at once, but not more often than this. */
export const CUT_SOON_EVERY_MS = 1_000;
/** Page views, persons and flushes make batches of their own: so many may follow each other at once, and one each time after that. */
export const BATCHES_AT_ONCE_MAX = 20;
export const BATCH_EVERY_MS = 1_000;
/** A click without an effect after this time is dead (Sentry Replay's threshold). */
export const EFFECT_WITHIN_MS = 7_000;
/** What comes this long after an act of the person may be its doing. */
export const EFFECT_ACT_MS = 1_000;
/** Changes of the page that are looked at to learn which come by themselves, and after which pause again. */
export const EFFECT_SAMPLE_RECORDS_MAX = 64;
export const EFFECT_SAMPLE_EVERY_MS = 2_000;

/** Above this many pointer samples a second the trail is thinned, to the first rate and then to the next. */
export const POINTER_RATE_MAX_HZ = 250;
export const POINTER_THINNED_HZ = [60, 20];

/** Scroll and resize are told at most this often, with their latest value. */
export const SCROLL_EVERY_MS = 100;
export const RESIZE_AFTER_MS = 200;
export const HEARTBEAT_EVERY_MS = 30_000;
/** No heartbeat after this long without input, so that a forgotten tab ends its session. */
export const HEARTBEAT_INPUT_WITHIN_MS = 5 * 60_000;
/** AJAX calls that are under way, or wait for the browser to tell when their body ended; the oldest is told first. */
export const CALLS_WAITING_MAX = 100;

/** Requests that no call of the page made. */
export const RESOURCES_PER_PAGE_VIEW_MAX = 100;
/** Long animation frames: from this time of blocking on, the longest of each page view. */
export const LONG_FRAME_BLOCKING_MS_MIN = 50;
export const LONG_FRAMES_KEPT_MAX = 20;
/** They are told as they come: frames that grow longer and longer end here. */
export const LONG_FRAMES_TOLD_MAX = 100;
/** Somebody who drags the time of a player seeks all the time. */
export const MEDIA_SEEK_EVERY_MS = 500;

/** 13 months, the longest that French and German regulators accept for audience measurement. */
export const VISITOR_COOKIE_SECONDS = 395 * 86_400;

export const OUTBOX_BYTES_MAX = 10 * 1024 * 1024;
export const OUTBOX_BATCHES_MAX = 2_000;
export const OUTBOX_AGE_MS_MAX = 24 * 3_600_000;
/** A database that does not answer within this time is done without, and tried again after that one. */
export const STORAGE_WITHIN_MS = 3_000;
export const STORAGE_AGAIN_MS = 5_000;
/** How often a worker looks for batches that closed tabs left behind. */
export const ORPHANS_EVERY_MS = 60_000;
/** The first look: by then the worker of the page before this one is gone, and its lock with it. */
export const ORPHANS_FIRST_MS = 2_000;
/** Without Web Locks, a batch of another tab counts as left behind at this age. */
export const ORPHAN_AGE_MS_MIN = 60_000;

export const RETRY_FIRST_MS = 1_000;
export const RETRY_MS_MAX = 6 * 60_000;
export const ATTEMPT_TIMEOUT_MS = 30_000;
/** Parts and batches that wait for the page itself to send them, where there is no worker; with more than these a batch is dropped. */
export const ORDERS_WAITING_MAX = 200;
/**
 * Browsers allow 64 KiB of keepalive bytes in flight over a whole page, its own beacons included (fetch.spec.whatwg.org,
 * HTTP-network-or-cache fetch). Ours take at most 48: one request of the worker, and what the page beacons at its end.
 */
export const KEEPALIVE_BYTES_MAX = 8 * 1024;
export const BEACON_BYTES_MAX = 40 * 1024;
/** A batch that finds no room for its beacon is halved, down to this size. */
export const BEACON_PART_BYTES_MIN = 2 * 1024;
/** A change of wall clock against the monotonic clock by more than this voids the offset (sleep, clock set). */
export const CLOCK_JUMP_MS = 500;
/** Reading cookies can make the page wait for another process; other providers write their ids soon after the page began. */
export const COOKIES_EVERY_MS = 4_000;
