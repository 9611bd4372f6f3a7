//! Every limit of the warehouse, with its unit in the name and its reason.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Memory of compaction; beyond it operators spill to disk.
pub const MEMORY_BYTES_MAX: usize = 1 << 30;
/// Memory of `verify`, unless the setting says another: its sorts take what they are given before they spill, so with more of
/// it memory grows with the store, and with less they write more often.
pub const VERIFY_MEMORY_BYTES_MAX: usize = 128 << 20;
/// Memory for each part that a plan is split into. All sorts and aggregates of a plan share the memory evenly, also
/// those that wait for their turn, and each needs room for a batch or two: more parts in the same memory, and none can
/// work. 220,000 events with their trails were seen to fit in half of it, in one part.
pub const PARTITION_BYTES_MIN: usize = 256 << 20;
/// Branches of a union that are computed beside each other. Of a longer union they are computed one after the other.
pub const UNION_BRANCHES_MAX: usize = 4;
/// Memory that an operator may hold, however many share it: an aggregate sets aside 2 MiB for each text that it groups by, before
/// its first row, and no report groups by more than eight; a sort has twice its first batch, and one of trails was seen with 18 MiB.
pub const SHARE_BYTES_MIN: usize = 64 << 20;
/// Sorted stretches on disk that a sort merges at once; more are merged in several passes. It reserves two batches of each as it begins,
/// and unbounded took all the memory there is while the sort on the other side of a union still collected: `verify` of 50 million
/// events ended so when one side was done sooner.
pub const MERGED_AT_ONCE_MAX: usize = 16;
/// A statement over tables with no more rows is planned in one part: a quarter of the time of a question over 2,000 sessions went
/// into handing rows from a part to the other.
pub const ONE_PART_ROWS_MAX: usize = 32 << 10;
/// Files that hold more bytes together are cut into a piece for each part of a plan.
pub const SCAN_BYTES_MIN: usize = 1 << 20;
/// Footers and page indexes of files that were read are kept, in this part of the memory beside it: a file of two million events
/// takes about 2 MB.
pub const FOOTERS_PART: usize = 16;
/// Files up to this size are read whole by a statement and kept: a table of sessions, page views or fields is a few of them.
pub const SMALL_FILE_BYTES_MAX: u64 = 512 << 10;
/// What of them is kept, as a part of the memory beside it.
pub const SMALL_FILES_PART: usize = 16;
/// Operators that the error names when memory runs out, the largest first.
pub const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::new(3).unwrap();
/// Disk that spilled data of one process may take.
pub const SPILL_BYTES_MAX: u64 = 16 << 30;

/// A statement that takes longer is ended.
pub const QUERY_MS_MAX: u64 = 30_000;
/// Statements that run at the same time, half of them long ones. More than a small machine has cores, so that statements
/// that compute without end leave room for others; each may take the memory below.
pub const SQL_WORKERS_MAX: usize = 6;
/// Statements that wait for one of these to end; one more is refused with 429. A page or a notebook asks a few at once.
pub const SQL_QUEUE_MAX: usize = 32;
/// One token may have one part in so many of the statements that run and wait, and one at least; one more is refused with 429. So
/// no token alone shuts out the others.
pub const SQL_ASKER_PART: usize = 2;
/// Memory of one statement's process beside its stacks. Half is for operators that can spill to disk instead, half for
/// what no pool counts: decoded pages, what a function makes, the answer.
pub const SQL_MEMORY_BYTES_MAX: usize = 1 << 30;
/// Least of it: the program's own data, and caches, take a tenth of this.
pub const SQL_MEMORY_BYTES_MIN: usize = 256 << 20;
/// A statement that has not begun to answer after this time …
pub const SHORT_MAX: Duration = Duration::from_secs(1);
/// … and this processor time is none of the short ones, for which slots are kept. Time alone says little: on a busy
/// machine every statement is slow.
pub const SHORT_CPU_MAX: Duration = Duration::from_millis(250);
/// One whose asker has gone is ended when it has used as much, or after that time; so often is looked whether it has.
pub const ABANDONED_LOOK: Duration = Duration::from_millis(25);
/// A statement that has used this processor time gives way to everything else on the machine.
pub const LONG_CPU: Duration = Duration::from_secs(1);
/// A worker that is busy for so long gets a spare one beside it: most statements are over in a tenth of this. What a
/// statement has used is looked at this often.
pub const SPARE_AFTER: Duration = Duration::from_millis(250);
/// Workers that wait for the next statement, whatever runs: one, so that it does not wait for a process to start.
pub const WORKERS_SPARE: usize = 1;
/// More than these idle ones (one for a page that polls, one for who asks meanwhile) end …
pub const WORKERS_IDLE_KEPT: usize = 2;
/// … when they had nothing to do for so long. An idle worker uses memory for what it has read, and no processor time.
pub const WORKER_IDLE_MAX: Duration = Duration::from_secs(60);
/// A worker that is not ready after this will not be: the store's logs are read in seconds.
pub const WORKER_START_MAX: Duration = Duration::from_secs(30);
/// Part of it that goes to reading logs ahead.
pub const WORKER_WARM_UP: Duration = Duration::from_secs(10);
/// Threads of a worker that read files; their stacks count as memory.
pub const WORKER_BLOCKING_THREADS_MAX: usize = 8;
/// Stack of a worker's threads but the one that plans: expressions of a thousand levels are computed on it.
pub const WORKER_STACK_BYTES: usize = 16 << 20;
/// Pieces of an answer that the front takes from a worker ahead of a slow reader (64 KiB each): a small answer frees its
/// worker whoever reads it.
pub const PIECES_AHEAD_MAX: usize = 16;
/// End of a worker's standard error that is kept, to tell what ended it.
pub const LAST_WORDS_BYTES_MAX: usize = 4 << 10;
/// Length of an error's message: errors quote statements and values.
pub const MESSAGE_CHARS_MAX: usize = 1_000;
/// Beginning of a name or value that an error quotes, with what is allowed behind it.
pub const GIVEN_CHARS_MAX: usize = 80;
/// Rows of an answer in one piece of JSON at most: who asks for it holds all of it.
pub const ANSWER_ROWS_MAX: usize = 100_000;
/// Bytes (Arrow) of an answer in one piece of JSON at most.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Rows of an answer that is read as it comes, at most.
pub const STREAMED_ROWS_MAX: usize = 10_000_000;
/// Bytes (Arrow) of an answer that is read as it comes, at most.
pub const STREAMED_BYTES_MAX: usize = 4 << 30;
/// Bytes (Arrow) of an answer over HTTP that a worker holds before it begins: most answers are smaller, so that an error is told
/// instead of them.
pub const ANSWER_HELD_BYTES_MAX: usize = 4 << 20;
/// A shorter answer over HTTP says its length.
pub const LENGTH_BYTES_MAX: usize = 1 << 20;
/// Rows are written as text in parts of so many bytes (Arrow); as text they take several times as many.
pub const ENCODED_PIECE_BYTES: usize = 1 << 20;
/// Bytes of a row group of an answer in Parquet: what is held until it goes out.
pub const ANSWER_ROW_GROUP_BYTES: usize = 16 << 20;
/// Length of a statement. Longer ones are machine-made.
pub const SQL_BYTES_MAX: usize = 64 << 10;
/// Parameters of a statement that is described where the engine cannot tell their types.
pub const STATEMENT_PARAMETERS_MAX: usize = 1_000;
/// Stack of the threads that plan and run SQL: DataFusion recurses over expressions, and unoptimised frames are big.
pub const STACK_BYTES: usize = 64 << 20;

/// Landing bytes that one round of compaction takes (compressed Parquet).
pub const ROUND_BYTES_MAX: u64 = 64 << 20;
/// Landing rows that one round of compaction takes: with the selects of the derived tables about 700 MB in memory. Unshared they may
/// take what `memory_bytes_max` says. Each round writes the derived rows of its visitors' earlier events again: half as many rows are
/// twice as many such rounds, and a fifth more of compaction's time.
pub const ROUND_ROWS_MAX: u64 = 512_000;
/// A round takes up to one part in so many beyond its limits if that ends a partition. All events of a visitor are in one, so no
/// later round of this backlog writes its rows again.
pub const ROUND_REST_PART: u64 = 4;
/// A round of compaction that fitted is followed by one with one part in so many more links, where less was taken since memory ran
/// out: if each were twice the last one, each second one would run out again.
pub const ROUND_GROWTH_PART: usize = 16;
/// Into how many parts the rows of one link are divided at most, when they do not fit into memory together.
pub const ROUND_PARTS_MAX: u32 = 256;
/// Rows of a batch while rows are sorted and written, …
pub const BATCH_ROWS: usize = 8_192;
/// … fewer when these would take more than this many bytes: one event may take 64 KiB, and a context of ten long texts
/// 80 kB for each event of its batch. Sorting holds a few batches at once.
pub const BATCH_BYTES_MAX: u64 = 32 << 20;
/// … but never fewer than this: each batch costs something for each column.
pub const BATCH_ROWS_MIN: usize = 64;
/// Files of which is remembered where they name visitors and tabs: about 2 kB for each row group.
pub const DICTIONARIES_KNOWN_MAX: usize = 10_000;
/// … and this many visitors and tabs that they name, each once a row group, by hashes of 16 bytes: 32 MiB.
pub const NAMES_KNOWN_MAX: usize = 2 << 20;
/// Files whose size in memory is remembered.
pub const SIZES_KNOWN_MAX: usize = 10_000;
/// A curated file is closed when it holds this many rows …
pub const FILE_ROWS_MAX: usize = 2_000_000;
/// … or this many bytes, …
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// … or rows that take this many in memory: what can be rewritten in one piece.
pub const FILE_MEMORY_BYTES_MAX: u64 = 512 << 20;
/// Rows of a row group: small enough that "this session in order" reads little.
pub const ROW_GROUP_ROWS: usize = 128 * 1024;
/// So many files of one size class in one partition are merged into one.
pub const SMALL_FILES_MAX: usize = 16;
/// Files of this size are never merged any more.
pub const SMALL_FILE_BYTES: i64 = 16 << 20;
/// Two files are in the same size class when their sizes differ by less than about this factor (as a power of two):
/// an event is then rewritten a few times in its life, not once per round.
pub const SIZE_CLASS_BITS: u32 = 3;

/// Landing bytes that one round of recordings takes: they are held as they lie in the store, and once more as columns.
pub const REPLAY_ROUND_BYTES_MAX: u64 = 64 << 20;
/// In the background a round of recordings waits until it fills this much of a file …
pub const REPLAY_ROUND_BYTES_MIN: u64 = 32 << 20;
/// … or the first of it has waited for so long: its files are put together once at most. Queries see what waits.
pub const REPLAY_PATIENCE: Duration = Duration::from_secs(300);
/// Rows of a batch that holds payloads: each may be half a megabyte.
pub const REPLAY_BATCH_ROWS: usize = 32;
/// Payloads of one row group; one that has more is one row.
pub const REPLAY_ROW_GROUP_BYTES: usize = 8 << 20;
/// A page of payloads ends beyond this: whoever wants one chunk reads little more than it.
pub const REPLAY_PAGE_BYTES: usize = 64 << 10;
/// Files of recordings below this are put together, once, when their day is over.
pub const REPLAY_SMALL_BYTES: u64 = 16 << 20;
/// Recordings stay so long, unless a rule names their table.
pub const REPLAY_KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Assets stay so much longer: a recording of the last day that goes may have been sent a few days late, and names those of the
/// day on which it was sent.
pub const REPLAY_ASSETS_LONGER: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Shortest retention of what goes by its own day: recordings, exports of other providers.
pub const DATED_KEPT_MIN: Duration = Duration::from_secs(24 * 3_600);
/// What one recorded chunk is inflated to when an erasure looks for what is left; no reader shows more than an eighth of it.
pub const SEARCHED_BYTES_MAX: usize = 64 << 20;
/// Chunks of which further parts are awaited then.
pub const SEARCHED_PARTS_MAX: usize = 256;
/// A cookie that is shorter is not looked for in texts: it would be found in others'. Google's has 20 letters, Adobe's 38.
pub const COOKIE_TEXT_MIN: usize = 8;
/// Files of a day that are written again together by `maintain` (compressed Parquet): they are sorted on disk.
pub const OPTIMIZE_BYTES_MAX: u64 = 2 << 30;
/// Landing files stay so long after their link was written: for whoever reads them beside the warehouse, and to look at what
/// went wrong.
pub const LANDING_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Files of older versions of a table stay so long: Delta's own default.
pub const REMOVED_KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Files that nothing names are left alone so long: their link may be on its way.
pub const ORPHANS_KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Statements that run when files are to be deleted get so long to end: twice what a statement may take.
pub const READERS_WAIT: Duration = Duration::from_secs(60);
/// Shortest retention: an event may come eight days late, and its session may have begun a day before it.
pub const RETENTION_MIN: Duration = Duration::from_secs(10 * 24 * 3_600);

/// Rows that the index of a session's recordings rests on: page views, and events that say something of their recording.
pub const SESSION_ROWS_MAX: usize = 10_000;
/// Frames of the page views of one session, or of one that is played: more than 32,768 chunks of a page view, with parts. About
/// 300 bytes each are in memory.
pub const SESSION_FRAMES_MAX: usize = 100_000;
/// Assets that are looked up for an index.
pub const ASSETS_NAMED_MAX: usize = 1_000;
/// Chunks of one page view that are read for the addresses of its assets before anything is shown; an SDK names 1,000 assets in 23.
pub const NAMING_CHUNKS_MAX: usize = 64;
/// Payloads that are read together for a player: those of one chunk at most, or of several that are smaller.
pub const FRAMES_READ_BYTES: usize = 4 << 20;
/// An answer to a player ends behind the chunk with which it becomes so long, and says how to go on.
pub const FRAMES_BYTES_MAX: usize = 32 << 20;
/// Trails, or things that a visitor did, on one page view, for a player.
pub const MARKS_MAX: usize = 20_000;
/// The address of an asset holds so long …
pub const ASSET_SIGNED: Duration = Duration::from_secs(3_600);
/// … less up to this: those that are given meanwhile are the same, so that a browser loads them once.
pub const ASSET_SIGNED_STEP: Duration = Duration::from_secs(600);
/// Longest query of an address.
pub const QUERY_BYTES_MAX: usize = 4 << 10;

/// Rows of a batch of events that walks of the live view go over.
pub const WALK_BATCH_ROWS: usize = 1_024;
/// Memory that a sort of such events keeps back for the merge of what it has written to disk.
pub const WALK_MERGE_BYTES: usize = 2 << 20;

/// So few visitors are named in the query, which then skips row groups by statistics and Bloom filters. A condition that names
/// no more of them, or of sessions, tabs or page views, is answered before other columns are read.
pub const NAMED_IDS_MAX: usize = 20;
/// Commits between two checkpoints of a Delta log.
pub const CHECKPOINT_COMMITS: u32 = 50;
/// Refused commits of one round, whether the round was right all the same and tried again as it is, or was read anew.
pub const ROUND_TRIES_MAX: usize = 20;
/// Visitors and tabs of others' links that are remembered, at about 32 bytes each.
pub const STRANGERS_KNOWN_MAX: usize = 1_000_000;

/// Files or heads read at the same time.
pub const PARALLEL_READS: usize = 16;

/// The access file: a thousand tokens and more.
pub const ACCESS_FILE_BYTES_MAX: u64 = 1 << 20;
/// Body of `POST /api/v1/sql`.
pub const BODY_BYTES_MAX: u64 = 128 << 10;
/// Time until the next connection is taken after one that could not be.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections of HTTP; one more is told so and closed. With those of the other protocols they leave room among the 1,024 descriptors
/// that a process usually has.
pub const HTTP_CONNECTIONS_MAX: usize = 512;
/// A connection on which no request begins, its head whole, within this time is closed: the first one, or the next.
pub const HTTP_REQUEST_MAX: Duration = Duration::from_secs(10);
/// The body of a request that is not there after this will not be: it is at most [`BODY_BYTES_MAX`] long.
pub const HTTP_BODY_MAX: Duration = Duration::from_secs(10);
/// A client that takes nothing of an answer for so long is left.
pub const HTTP_WRITE_MAX: Duration = Duration::from_secs(60);
/// For telling a client that it is refused, and for what it sends meanwhile.
pub const HTTP_REFUSAL_MAX: Duration = Duration::from_secs(1);
/// Bytes of a connection that are held in each direction, and so the longest head of a request. What is left of an answer at its end is to be
/// taken within [`HTTP_REQUEST_MAX`].
pub const HTTP_BUFFER_BYTES: usize = 64 << 10;
/// Connections of PostgreSQL's protocol. Each takes some 100 KB, and its statement a worker.
pub const POSTGRES_CONNECTIONS_MAX: usize = 100;
/// A client that has not given its password after this will not.
pub const POSTGRES_OPENING_MAX: Duration = Duration::from_secs(10);
/// What a client says when it starts: settings, names.
pub const POSTGRES_OPENING_BYTES_MAX: usize = 10_000;
/// A message of a client: a statement of the greatest length, or its values. Together they fit a frame to a worker.
pub const POSTGRES_MESSAGE_BYTES_MAX: usize = 80 << 10;
/// Messages that are read while a statement runs: its client usually has sent the next three.
pub const POSTGRES_MESSAGES_AHEAD_MAX: usize = 4;
/// Statements, portals and settings that a connection keeps, of each.
pub const POSTGRES_KEPT_MAX: usize = 256;
/// Name and value of a setting that is kept.
pub const POSTGRES_SETTING_BYTES_MAX: usize = 1 << 10;
/// Portals of a connection that have begun to answer and are not at their end: each holds a worker. Two are those of a client that asks
/// something for each row of an answer.
pub const POSTGRES_PORTALS_BEGUN_MAX: usize = 2;
/// Bytes that are written to a client at once.
pub const POSTGRES_BUFFER_BYTES: usize = 64 << 10;
/// A client that takes nothing for so long is left.
pub const POSTGRES_WRITE_MAX: Duration = Duration::from_secs(60);
/// Connections of Flight SQL; one more is closed.
pub const FLIGHT_CONNECTIONS_MAX: usize = 100;
/// A client that has not sent a call with a right after this will not; a later call of one that is let in opens another connection.
pub const FLIGHT_OPENING_MAX: Duration = Duration::from_secs(10);
/// Calls of one connection at the same time.
pub const FLIGHT_CALLS_MAX: u32 = 32;
/// Answers on their way at the same time, each with a message in the making and one that is sent.
pub const FLIGHT_ANSWERS_MAX: usize = 64;
/// Headers of a call.
pub const FLIGHT_HEADERS_BYTES_MAX: u32 = 16 << 10;
/// A message of a client: a statement of the greatest length with its values, or what it was given to keep of them.
pub const FLIGHT_REQUEST_BYTES_MAX: usize = 512 << 10;
/// Values for a statement, as Arrow. With the statement they fit a frame to a worker.
pub const FLIGHT_VALUES_BYTES_MAX: usize = 80 << 10;
/// Messages in which such values come.
pub const FLIGHT_VALUES_MESSAGES_MAX: usize = 64;
/// Rows of an answer that go into one message, …
pub const FLIGHT_PIECE_BYTES: usize = 512 << 10;
/// … which is no larger than this: the least that clients take (gRPC's default for them), with room for the message around it.
pub const FLIGHT_MESSAGE_BYTES_MAX: usize = (4 << 20) - (64 << 10);
/// A client that takes nothing for so long is left, with all that is on its way to it.
pub const FLIGHT_WRITE_MAX: Duration = Duration::from_secs(60);
/// A connection is asked this often whether it is still there, and has as long to say so.
pub const FLIGHT_PING_EVERY: Duration = Duration::from_secs(30);
/// What a client is told of a failure: the default of Java's clients is 8 KiB for all headers, and a letter may take 12 of them.
pub const FLIGHT_STATUS_BYTES_MAX: usize = 4 << 10;
/// Reports that there may be, built-in ones included.
pub const REPORTS_MAX: usize = 1_000;
/// A report's file: its statement, which may take [`SQL_BYTES_MAX`], and what is said of it.
pub const REPORT_BYTES_MAX: u64 = 64 << 10;
/// Parameters of a report.
pub const REPORT_PARAMETERS_MAX: usize = 50;
/// A text that a report is asked with.
pub const REPORT_VALUE_BYTES_MAX: usize = 8 << 10;
/// Statements and requests still open at shutdown get so long.
pub const DRAIN: Duration = Duration::from_secs(1);

/// Length of a site's name, which is part of keys and partitions; the collector's limit.
pub const SITE_ID_BYTES_MAX: usize = 64;
/// Files of one import.
pub const IMPORT_FILES_MAX: usize = 10_000;
/// Row of an export; a longer one is rejected. GA4 sends 25 parameters of 100 characters and 200 items at most, Adobe 64 KiB.
pub const IMPORT_ROW_BYTES_MAX: usize = 1 << 20;
/// Columns of a header. Adobe's feed has about 1,200.
pub const IMPORT_COLUMNS_MAX: usize = 4_096;
/// Rows of a batch while an import is sorted and written, …
pub const IMPORT_BATCH_ROWS: usize = 256;
/// … fewer when they take more than this many bytes in their file.
pub const IMPORT_BATCH_BYTES_MAX: usize = 4 << 20;
/// All look-ups of one feed, and its header, in bytes. Adobe's are 3 MB.
pub const LOOKUP_BYTES_MAX: u64 = 64 << 20;
/// Rejected rows that are named on the terminal.
pub const REJECTED_NAMED_MAX: usize = 10;
/// Beginning of a rejected row that is kept.
pub const REJECTED_ROW_BYTES_MAX: usize = 64 << 10;
/// Rejected rows of one import that are kept; further ones are counted.
pub const REJECTED_KEPT_BYTES_MAX: usize = 32 << 20;
/// Rows of a Parquet file that are read at once.
pub const IMPORT_PARQUET_ROWS: usize = 256;
/// Rows of the coverage report.
pub const COVERAGE_ROWS_MAX: usize = 1_000;
