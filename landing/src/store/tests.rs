use object_store::memory::InMemory;
use testkit::store::{Fault, FaultyStore};

use super::*;

fn on(bucket: Arc<dyn ObjectStore>) -> Store {
    Store::new(Url::parse("memory:///lake/").unwrap(), bucket).unwrap()
}

#[test]
fn a_folder_is_made_when_asked_and_wrong_urls_say_what_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("lake/house");
    let url = format!("file://{}", inner.display());
    assert!(matches!(Store::open(&url), Err(StoreError::NoFolder { .. })));
    Store::open_or_make(&url).unwrap();
    assert!(inner.is_dir());
    Store::open(&url).unwrap();
    assert!(Store::is_address(&url) && Store::is_address("s3://bucket/prefix"));
    for wrong in ["", "lake", "gs://bucket", "file://host/x", "s3:///prefix"] {
        assert!(!Store::is_address(wrong), "{wrong}");
        for error in [Store::open(wrong).unwrap_err(), Store::open_or_make(wrong).unwrap_err()] {
            assert!(error.to_string().contains("file:///folder"), "{wrong}: {error}");
        }
    }
}

#[tokio::test]
async fn keys_lie_below_the_prefix_and_the_proof_leaves_nothing() {
    let bucket = Arc::new(InMemory::new());
    let store = on(bucket.clone());
    store.prove_create_only("landing/checks").await.unwrap();
    assert!(store.contents().await.unwrap().is_nothing());
    store.objects().put(&Path::from("landing/x"), "x".into()).await.unwrap();
    bucket.head(&Path::from("lake/landing/x")).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_no_failed_proof_and_a_careless_store_is() {
    let lost = FaultyStore::new(Arc::new(InMemory::new()), |put, _| match put {
        0 => Fault::AlreadyThere,
        _ => Fault::None,
    });
    on(lost).prove_create_only("landing/checks").await.unwrap();
    let careless = on(FaultyStore::careless(Arc::new(InMemory::new())));
    let refused = careless.prove_create_only("warehouse/_checks").await;
    assert!(matches!(refused, Err(StoreError::NotCreateOnly { .. })), "{refused:?}");
    let down = FaultyStore::new(Arc::new(InMemory::new()), |_, _| Fault::Before);
    assert!(matches!(on(down).prove_create_only("x").await, Err(StoreError::Unusable { .. })));
}
