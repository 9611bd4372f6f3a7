use std::sync::atomic::{AtomicUsize, Ordering};

use object_store::memory::InMemory;
use testkit::store::{Fault, FaultyStore};

use super::*;
use crate::check_chain;

fn chain_on(store: Arc<dyn ObjectStore>) -> Chain {
    Chain::new(store, "t", 4)
}

fn link(sequence: u64, start: i64, end: i64, writer: Uuid) -> Link {
    Link { writer, ..testkit::link::link("t", 4, sequence, start..=end) }
}

#[tokio::test]
async fn the_tail_is_found_whatever_the_hint() {
    let chain = chain_on(Arc::new(InMemory::new()));
    assert!(chain.load_tail(Some(10)).await.unwrap().is_none());
    let writer = Uuid::now_v7();
    let mut links = Vec::new();
    for sequence in 0..30_u64 {
        let start = sequence as i64 * 50_000;
        links.push(link(sequence, start, start + 49_999, writer));
        chain.commit(&links[sequence as usize]).await.unwrap();
    }
    assert_eq!(check_chain(&links), []);
    for hint in [None, Some(0), Some(1), Some(1_500_000), Some(1_499_999), Some(50_000_000), Some(i64::MAX), Some(-5)] {
        assert_eq!(chain.load_tail(hint).await.unwrap().as_ref(), links.last(), "{hint:?}");
    }
}

#[tokio::test]
async fn every_answer_of_the_store_ends_in_one_link() {
    for fault in [Fault::Before, Fault::LostAnswer, Fault::AlreadyThere] {
        let store =
            FaultyStore::new(Arc::new(InMemory::new()), move |put, _| if put == 0 { fault } else { Fault::None });
        let chain = chain_on(store);
        let ours = link(0, 0, 9, Uuid::now_v7());
        chain.commit(&ours).await.unwrap();
        assert_eq!(chain.read_link(0).await.unwrap(), Some(ours), "{fault:?}");
    }
}

#[tokio::test]
async fn a_store_that_stays_down_is_reported_and_trying_again_is_safe() {
    let down = Arc::new(AtomicUsize::new(0));
    let seen = down.clone();
    let store = FaultyStore::new(Arc::new(InMemory::new()), move |_, _| {
        if seen.fetch_add(1, Ordering::SeqCst) < COMMIT_ATTEMPTS { Fault::Before } else { Fault::None }
    });
    let chain = chain_on(store);
    let ours = link(0, 0, 9, Uuid::now_v7());
    assert!(matches!(chain.commit(&ours).await, Err(CommitError::Store { .. })));
    chain.commit(&ours).await.unwrap();
    chain.commit(&ours).await.unwrap();
}

#[tokio::test]
async fn the_second_writer_is_refused() {
    let chain = chain_on(Arc::new(InMemory::new()));
    chain.commit(&link(0, 0, 9, Uuid::now_v7())).await.unwrap();
    let zombie = link(0, 0, 4, Uuid::now_v7());
    let error = chain.commit(&zombie).await.unwrap_err();
    assert!(matches!(error, CommitError::Fenced { start: 0, .. }), "{error}");
}

#[tokio::test]
async fn of_many_writers_one_wins() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let attempts = (0..64).map(|_| {
        let chain = chain_on(store.clone());
        async move { chain.commit(&link(0, 0, 9, Uuid::now_v7())).await.is_ok() }
    });
    let won = futures::future::join_all(attempts).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_link_that_is_too_large_is_not_written() {
    let chain = chain_on(Arc::new(InMemory::new()));
    let large = Link { state: vec!["s".repeat(LINK_BYTES_MAX)], ..link(0, 0, 9, Uuid::now_v7()) };
    assert!(matches!(chain.commit(&large).await, Err(CommitError::TooLarge { .. })));
}

#[tokio::test]
async fn files_are_read_in_order_and_a_missing_one_is_named() {
    let chain = chain_on(Arc::new(InMemory::new()));
    let keys = ["landing/state/b".to_owned(), "landing/state/a".to_owned()];
    chain.upload(&keys[0], "first".into()).await.unwrap();
    let error = chain.read_files(&keys).await.unwrap_err();
    assert!(matches!(&error, LoadError::Damaged { key, .. } if *key == keys[1]), "{error}");
    chain.upload(&keys[1], "second".into()).await.unwrap();
    assert_eq!(chain.read_files(&keys).await.unwrap(), ["first", "second"]);
}

#[tokio::test]
async fn a_link_under_anothers_key_is_damage_to_whoever_reads() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let chain = chain_on(store.clone());
    let moved = serde_json::to_vec(&link(0, 0, 9, Uuid::now_v7())).unwrap();
    store.put(&Path::from(link_key("t", 4, 10)), moved.into()).await.unwrap();
    assert!(matches!(chain.load_tail(None).await, Err(LoadError::Damaged { .. })));
    let reader = crate::Chains::new(store, "t");
    assert!(reader.links_after(&crate::Progress::default()).await.is_err());
}
