//! The disk is full, and has room again: the edge says so meanwhile, nothing that was answered 200 is lost, and all goes on by
//! itself. The disk is a small tmpfs of the test's own, which needs the right to mount.

mod system;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use system::{Poster, PosterOptions, Run, Standalone, eventually};

const DISK_MIB: usize = 60;
const BATCHES: usize = 40;
const LOAD_WAIT: Duration = Duration::from_secs(120);
const LANDED_WAIT: Duration = Duration::from_secs(120);
/// How long the disk stays full once it was noticed: compaction and the stream job meet it too.
const FULL_FOR: Duration = Duration::from_secs(15);
const RESUMED_WITHIN: Duration = Duration::from_secs(30);
const STOP_WITHIN: Duration = Duration::from_secs(10);

#[test]
fn with_a_full_disk_it_refuses_and_goes_on_by_itself_when_there_is_room() {
    let run = Run::new("disk-full");
    let Some(disk) = SmallDisk::mount(&run.folder().join("disk")) else { return };
    let mut standalone = Standalone::start(&run, &disk.folder.join("data"));
    let poster = Poster::start(&PosterOptions {
        collector_url: standalone.address("collector_url"),
        write_key: standalone.address("write_key"),
        seed: 60,
        visitors: 4,
        pause: Duration::from_millis(20),
        batch_events_max: 30,
        text_bytes: 2_000,
        give_up_one_in: 10,
    });
    poster.wait_answered(BATCHES, LOAD_WAIT);

    let ballast = disk.fill();
    let filled = Instant::now();
    eventually("a batch is refused", LOAD_WAIT, || {
        let replies = poster.replies();
        let refused = replies.iter().filter(|reply| reply.sent > filled && reply.status == Some(503)).count();
        if refused > 0 { Ok(()) } else { Err(format!("{} replies", replies.len())) }
    });
    let full = Instant::now();
    while full.elapsed() < FULL_FOR {
        standalone.process().expect_running();
        std::thread::sleep(Duration::from_millis(200));
    }
    std::fs::remove_file(&ballast).expect("the ballast is this test's own");
    let roomy = Instant::now();
    let (_, took) = eventually("batches are answered 200 again", RESUMED_WITHIN, || {
        let answered = |reply: &&system::Reply| reply.sent > roomy && reply.status == Some(200);
        match poster.replies().iter().filter(answered).count() {
            0 => Err("none"),
            _ => Ok(()),
        }
    });
    println!("answered 200 again {took:?} after there was room");

    let outcome = poster.finish();
    let warehouse = standalone.warehouse();
    outcome.wait_until_landed(&warehouse, LANDED_WAIT);
    warehouse.compact();
    outcome.expect_in_sql_once(&warehouse);
    warehouse.verify();
    let (status, _) = standalone.terminate(STOP_WITHIN);
    assert!(status.success(), "SIGTERM ends it with 0, not {status}");
}

/// A file system of its own; it goes with the test.
struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// `None`, with words, where mounting is not allowed.
    fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir(folder).expect("a folder to mount on");
        let size = format!("size={DISK_MIB}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self { folder: folder.to_owned() }),
            other => {
                let why =
                    other.map_or_else(|error| error.to_string(), |done| String::from_utf8_lossy(&done.stderr).into());
                let _ = writeln!(
                    std::io::stderr(),
                    "standalone_disk_full: NOT RUN. It mounts a small tmpfs: {}",
                    why.trim()
                );
                None
            }
        }
    }

    /// Takes all the room that is left, to the last block.
    fn fill(&self) -> PathBuf {
        let path = self.folder.join("ballast");
        let mut file = OpenOptions::new().create(true).append(true).open(&path).expect("room for a file");
        for block in [1 << 20, 1 << 12, 1] {
            while file.write_all(&vec![0; block]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: a process that was killed may still hold files
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
    }
}
