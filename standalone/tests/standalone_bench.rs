//! `bench replay` in small, on the whole system: what it posts is recorded and landed, and what it asks is answered, before a
//! compaction and after it.

mod system;

use std::net::SocketAddr;
use std::time::Duration;

use bench::load::{Encoding, Pace, Target, post_all};
use bench::post::bar;
use bench::replay::bodies::{of_events, of_frames};
use bench::replay::reading::{read, some};
use bench::replay::recordings::Recordings;
use bench::replay::visits::{Setting, days};
use system::{Run, Standalone, eventually, now_ms};

const PAGE_VIEWS: usize = 24;
const WATCHED: usize = 6;
const CONNECTIONS: usize = 4;
const VISIBLE_WAIT: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_small_store_of_recordings_is_made_and_read() {
    let run = Run::new("bench");
    let standalone = Standalone::start(&run, &run.folder().join("data"));
    let recordings = Recordings::make(1, PAGE_VIEWS, || ());
    let days = days(&Setting { page_views: PAGE_VIEWS, days: 2, sites: 1, seed: 1, now_ms: now_ms() }, &recordings);
    let views = days.concat();
    let (collector, key) = (standalone.address("collector_url"), standalone.address("write_key"));
    let target = Target::new(&collector, &key, Encoding::Identity).expect("a target");
    let events: u64 = of_events(&views, &recordings).map(|batch| u64::from(batch.events)).sum();
    let frames: u64 = of_frames(&views, &recordings).map(|batch| u64::from(batch.events)).sum();
    let progress = |count| bar(count, "posting", "of it");
    let batches = of_events(&views, &recordings);
    let tally = post_all(&target, CONNECTIONS, Pace::Fast, batches, &progress(events)).await.expect("a collector");
    assert!(tally.accepted == events && !tally.refused(), "{tally}");
    let (target, bodies) = (target.of_frames(), of_frames(&views, &recordings));
    let tally = post_all(&target, CONNECTIONS, Pace::Fast, bodies, &progress(frames)).await.expect("a collector");
    assert!(tally.accepted == frames && !tally.refused(), "{tally}");

    let warehouse = standalone.warehouse();
    let wanted = (events as i64, frames as i64);
    eventually("all that was posted is in SQL", VISIBLE_WAIT, || {
        let found = (
            warehouse.number("select count(*) from events")?,
            warehouse.number("select (select count(*) from replay_chunks) + (select count(*) from replay_assets)")?,
        );
        if found == wanted { Ok(()) } else { Err(format!("{found:?} of {wanted:?}")) }
    });
    let site_ids = [standalone.address("site_id")];
    let watched = some(&days, &site_ids, &recordings, WATCHED, 1);
    let server: SocketAddr = standalone.address("studio_url")["http://".len()..].parse().expect("the studio's address");
    for round in ["landed", "compacted"] {
        let mut asked = 0;
        let reading = read(server, None, &watched, 1, || asked += 1).await.expect(round);
        assert!(asked == watched.len() && asked > 0);
        assert_eq!(
            [&reading.index, &reading.first, &reading.seek].map(|answers| answers.whole.len()),
            [asked, asked, 2 * asked]
        );
        assert!(reading.seek.first_byte.iter().zip(&reading.seek.whole).all(|(first, whole)| first <= whole));
        warehouse.compact();
    }
    // What is asked for has to be what was recorded.
    let mut forged = watched.clone();
    forged[0].chunks += 1;
    assert!(read(server, None, &forged[..1], 1, || ()).await.is_err());
}
