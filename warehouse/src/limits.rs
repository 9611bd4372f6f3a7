//! Every limit of the warehouse, with its unit in the name and its reason.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Memory of all queries and compactions of one process together; beyond it operators spill to disk.
pub const MEMORY_BYTES_MAX: usize = 1 << 30;
/// Memory for each part that a plan is split into. All sorts and aggregates of a plan share the memory evenly, also
/// those that wait for their turn, and each needs room for a batch or two: more parts in the same memory, and none can
/// work. 220,000 events with their trails were seen to fit in half of it, in one part.
pub const PARTITION_BYTES_MIN: usize = 256 << 20;
/// Operators that the error names when memory runs out, the largest first.
pub const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::new(3).unwrap();
/// Disk that spilled data may take.
pub const SPILL_BYTES_MAX: u64 = 16 << 30;
/// A query that runs longer is stopped.
pub const QUERY_MS_MAX: u64 = 30_000;
/// Rows that the HTTP API answers at most; the answer is held in memory.
pub const ANSWER_ROWS_MAX: usize = 100_000;
/// Bytes (Arrow) that the HTTP API answers at most.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Rows that the command line prints at most.
pub const PRINTED_ROWS_MAX: usize = 10_000_000;
/// Bytes (Arrow) that the command line prints at most.
pub const PRINTED_BYTES_MAX: usize = 4 << 30;
/// Length of a statement. Longer ones are machine-made.
pub const SQL_BYTES_MAX: usize = 64 << 10;
/// Operators in one statement: each one may be a level of the expression tree, and planning recurses over it.
pub const SQL_OPERATORS_MAX: usize = 1_000;
/// Text that one call of a function may make, over all rows of a batch.
pub const MADE_TEXT_BYTES_MAX: usize = 16 << 20;
/// Queries that run at the same time over HTTP; one more is refused with 429.
pub const QUERIES_MAX: usize = 8;
/// Stack of the threads that plan and run SQL: DataFusion recurses over expressions, and unoptimised frames are big.
pub const STACK_BYTES: usize = 64 << 20;

/// Landing bytes that one round of compaction takes (compressed Parquet).
pub const ROUND_BYTES_MAX: u64 = 64 << 20;
/// Landing rows that one round of compaction takes.
pub const ROUND_ROWS_MAX: u64 = 400_000;
/// A curated file is closed when it holds this many rows …
pub const FILE_ROWS_MAX: usize = 2_000_000;
/// … or this many bytes.
pub const FILE_BYTES_MAX: usize = 64 << 20;
/// Rows of a row group: small enough that "this session in order" reads little.
pub const ROW_GROUP_ROWS: usize = 128 * 1024;
/// So many files of one size class in one partition are merged into one.
pub const SMALL_FILES_MAX: usize = 16;
/// Files of this size are never merged any more.
pub const SMALL_FILE_BYTES: i64 = 16 << 20;
/// Two files are in the same size class when their sizes differ by less than about this factor (as a power of two):
/// an event is then rewritten a few times in its life, not once per round.
pub const SIZE_CLASS_BITS: u32 = 3;

/// How far back a landed event is compared with curated ones: the collector clamps event times to seven days, and an
/// SDK keeps a batch for one more at most.
pub const DUPLICATE_US_MAX: i64 = 8 * 24 * 3_600 * 1_000_000;
/// So few visitors or tabs are named in the query, which then skips row groups by statistics and Bloom filters.
pub const NAMED_IDS_MAX: usize = 20;
/// Commits between two checkpoints of a Delta log.
pub const CHECKPOINT_COMMITS: u32 = 50;
/// Tries of one round when other compactions win the commit.
pub const ROUND_TRIES_MAX: usize = 20;

/// Links, files or heads read at the same time.
pub const PARALLEL_READS: usize = 16;
/// Between two listings of a partition's links the reader only asks for the key that must come next; a listing also
/// finds what an operator's explicit gap left out.
pub const LINKS_LISTED_EVERY: Duration = Duration::from_secs(30);

/// Body of `POST /api/v1/sql`.
pub const BODY_BYTES_MAX: u64 = 128 << 10;
/// Requests still open at shutdown get so long.
pub const DRAIN: Duration = Duration::from_secs(5);
