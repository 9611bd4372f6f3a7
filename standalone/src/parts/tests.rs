use std::sync::{Arc, Mutex};

use super::*;

fn running(name: &'static str) -> Part {
    Part::start(name, |stop| async move {
        stop.cancelled().await;
        Ok(())
    })
}

#[tokio::test]
async fn whichever_part_ends_is_named_with_its_reason() {
    let ends: [(Part, &str); 3] = [
        (Part::start("the shop", |_| async { panic!("index out of bounds") }), "index out of bounds"),
        (Part::start("the shop", |_| async { Err(anyhow!("no room")) }), "the shop failed: no room"),
        (Part::start("the shop", |_| async { Ok(()) }), "the shop ended"),
    ];
    for (ending, reason) in ends {
        let mut parts = Parts::default();
        parts.push(Stage::Base, running("the broker"));
        parts.push(Stage::Outside, ending);
        parts.push(Stage::Base, running("the registry"));
        let said = format!("{:#}", parts.first_end().await);
        assert!(said.contains("the shop") && said.contains(reason), "{said}");
        parts.stop(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn they_stop_in_order_and_one_that_hangs_holds_nobody_up_for_ever() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let noting = |name: &'static str| {
        let order = Arc::clone(&order);
        Part::start(name, |stop| async move {
            stop.cancelled().await;
            order.lock().unwrap().push(name);
            Ok(())
        })
    };
    let mut parts = Parts::default();
    parts.push(Stage::Base, noting("the broker"));
    parts.push(Stage::Between, noting("the stream job"));
    parts.push(Stage::Outside, noting("the collector"));
    parts.stop(Duration::from_secs(9)).await;
    assert_eq!(order.lock().unwrap().as_slice(), ["the collector", "the stream job", "the broker"]);

    let mut parts = Parts::default();
    parts.push(Stage::Between, Part::start("the stream job", |_| std::future::pending()));
    parts.push(Stage::Base, running("the broker"));
    let began = Instant::now();
    parts.stop(Duration::from_secs(9)).await;
    assert_eq!(began.elapsed(), Duration::from_secs(9));
}
