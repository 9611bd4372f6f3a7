//! Visitors in Chromium: `web/e2e/visit.mjs` drives the shop and counts what it did, independently of the SDK.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use super::{Process, Run, clone_root};

/// Starting Chromium and closing its pages, over and above the seconds of the visit.
const BROWSER_WAIT: Duration = Duration::from_secs(120);

/// What the visitors are to do.
#[derive(Clone, Debug)]
pub(crate) struct VisitOptions {
    pub shop_url: String,
    pub seconds: u64,
    pub visitors: u32,
    pub seed: u64,
    /// Typed into every text field.
    pub canary: String,
}

/// A running visit.
pub(crate) struct Visit {
    process: Process,
    answer: PathBuf,
    within: Duration,
}

/// One visitor, as the driver counted it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Visitor {
    pub visitor_id: String,
    pub tabs: Vec<TabCount>,
}

/// What happened in one tab.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TabCount {
    pub tab_id: String,
    /// Events that the page captured, by type.
    pub captured: BTreeMap<String, i64>,
    /// Pointer samples that the browser was sent, counted by the sender.
    pub dispatched_samples: i64,
}

#[derive(Deserialize)]
struct VisitAnswer {
    visitors: Vec<Visitor>,
}

/// Pointer samples that were sent to each tab that was sent any.
pub(crate) fn dispatched_samples(visitors: &[Visitor]) -> BTreeMap<String, i64> {
    let tabs = visitors.iter().flat_map(|visitor| &visitor.tabs).filter(|tab| tab.dispatched_samples > 0);
    tabs.map(|tab| (tab.tab_id.clone(), tab.dispatched_samples)).collect()
}

impl Visit {
    /// Starts the visitors; they leave by themselves.
    pub(crate) fn start(run: &Run, options: &VisitOptions) -> Self {
        let answer = run.log("visit-answer");
        let arguments = [
            ("--shop", options.shop_url.clone()),
            ("--seconds", options.seconds.to_string()),
            ("--visitors", options.visitors.to_string()),
            ("--seed", options.seed.to_string()),
            ("--canary", options.canary.clone()),
        ];
        let mut command = Command::new("node");
        command.arg(clone_root().join("web/e2e/visit.mjs")).arg("--json");
        command.args(arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        let process = Process::start_answering(run, "visit", &mut command, &answer);
        Self { process, answer, within: Duration::from_secs(options.seconds) + BROWSER_WAIT }
    }

    /// Waits until the visitors have left; what each did.
    pub(crate) fn finish(mut self) -> Vec<Visitor> {
        let status = self.process.wait(self.within);
        assert!(status.success(), "visit.mjs ended with {status}:\n{}", self.process.log_tail());
        let text = std::fs::read_to_string(&self.answer).expect("the answer can be read");
        let answer: VisitAnswer = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("visit.mjs answered something else ({error}): {text}"));
        answer.visitors
    }
}
