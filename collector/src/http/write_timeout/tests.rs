use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

fn counter() -> IntCounter {
    IntCounter::new("timeouts", "Peers that did not read.").expect("a name")
}

#[tokio::test]
async fn a_peer_that_never_reads_is_given_up() {
    let (ours, _theirs) = duplex(16);
    let timeouts = counter();
    let mut stream = WriteTimeout::new(ours, Duration::from_millis(50), timeouts.clone());
    let error = stream.write_all(&[0; 1_000]).await.expect_err("nobody reads");
    assert_eq!((error.kind(), timeouts.get()), (ErrorKind::TimedOut, 1));
}

#[tokio::test]
async fn a_trickle_gains_nothing() {
    let (ours, mut theirs) = duplex(16);
    let mut stream = WriteTimeout::new(ours, Duration::from_millis(100), counter());
    let reader = tokio::spawn(async move {
        let mut interval = tokio::time::interval(Duration::from_millis(5));
        while theirs.read_u8().await.is_ok() {
            interval.tick().await;
        }
    });
    let error = stream.write_all(&[0; 100_000]).await.expect_err("too slow in all");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    drop(stream);
    reader.await.expect("no panic");
}

#[tokio::test]
async fn the_time_begins_anew_when_all_is_written() {
    let (ours, mut theirs) = duplex(16);
    let timeouts = counter();
    let mut stream = WriteTimeout::new(ours, Duration::from_secs(60), timeouts.clone());
    for _ in 0..3 {
        let (written, read) = tokio::join!(
            async {
                stream.write_all(&[7; 100]).await?;
                stream.flush().await
            },
            async { theirs.read_exact(&mut [0; 100]).await }
        );
        written.expect("written");
        read.expect("read");
        assert!(stream.waiting.is_none());
    }
    assert_eq!(timeouts.get(), 0);
}
