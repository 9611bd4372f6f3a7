//! One signal's file, read.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, ensure};

/// What is found by one rule.
#[derive(Debug)]
pub struct Signal {
    pub name: &'static str,
    /// Raised whenever the rule or a default changes, so that old figures can be told from new ones.
    pub version: u32,
    /// In words.
    pub meaning: String,
    pub thresholds: Vec<Threshold>,
    sql: &'static str,
}

/// A number that decides, with its unit in its name or its meaning.
#[derive(Debug, PartialEq)]
pub struct Threshold {
    pub name: &'static str,
    pub default: f64,
    pub meaning: &'static str,
}

/// Thresholds that differ from their defaults, by `signal.threshold`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(BTreeMap<String, f64>);

impl Settings {
    /// Of texts like `rage_click.gap_ms=700`.
    ///
    /// # Errors
    ///
    /// A text that is no setting, or of a threshold that there is not: with what there is.
    pub fn parse(texts: &[String]) -> anyhow::Result<Self> {
        let mut settings = BTreeMap::new();
        for text in texts {
            let (name, value) = text.split_once('=').ok_or_else(|| {
                anyhow!("--set {text:?}: write it as signal.threshold=number, for example rage_click.gap_ms=700")
            })?;
            let number: f64 =
                value.trim().parse().with_context(|| format!("--set {text:?}: {value:?} is no number"))?;
            ensure!(number.is_finite() && number >= 0.0, "--set {text:?}: a threshold is a number from 0 on");
            let known: Vec<String> = super::SIGNALS.iter().flat_map(Signal::threshold_names).collect();
            ensure!(
                known.iter().any(|known| known == name.trim()),
                "--set {text:?}: there is no threshold {:?}; there are {}",
                name.trim(),
                known.join(", ")
            );
            settings.insert(name.trim().to_owned(), number);
        }
        Ok(Self(settings))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Signal {
    /// Of a file of ours: what is wrong in one is a fault of the build, which the tests find.
    pub(super) fn read(sql: &'static str) -> Self {
        let mut lines = sql.lines().map_while(|line| line.strip_prefix("-- "));
        let (name, version) = lines.next().and_then(|line| line.split_once(", version ")).expect("name and version");
        let (thresholds, words): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.contains(" = "));
        Self {
            name,
            version: version.parse().expect("a version is a number"),
            meaning: words.join(" "),
            thresholds: thresholds.into_iter().map(Threshold::read).collect(),
            sql,
        }
    }

    /// Its select, with its thresholds in it.
    pub fn sql(&self, settings: &Settings) -> String {
        // The longest names first: one may begin with another.
        let mut thresholds: Vec<&Threshold> = self.thresholds.iter().collect();
        thresholds.sort_by_key(|threshold| std::cmp::Reverse(threshold.name.len()));
        thresholds.into_iter().fold(self.sql.to_owned(), |sql, threshold| {
            let value = self.value(threshold, settings);
            let micros = threshold.name.strip_suffix("_ms").map(|name| format!("${name}_us"));
            let sql = micros.map_or(sql.clone(), |micros| sql.replace(&micros, &format!("{:.0}", value * 1e3)));
            sql.replace(&format!("${}", threshold.name), &value.to_string())
        })
    }

    /// Whether all of its thresholds are what they are by default.
    pub fn is_as_by_default(&self, settings: &Settings) -> bool {
        self.thresholds.iter().all(|threshold| self.value(threshold, settings) == threshold.default)
    }

    pub fn value(&self, threshold: &Threshold, settings: &Settings) -> f64 {
        settings.0.get(&format!("{}.{}", self.name, threshold.name)).copied().unwrap_or(threshold.default)
    }

    /// As they are set: `signal.threshold`.
    fn threshold_names(&self) -> impl Iterator<Item = String> {
        self.thresholds.iter().map(|threshold| format!("{}.{}", self.name, threshold.name))
    }
}

impl Threshold {
    fn read(line: &'static str) -> Self {
        let (name, rest) = line.split_once(" = ").expect("a threshold has a default");
        let (default, meaning) = rest.split_once(' ').expect("a threshold has a meaning");
        Self { name, default: default.parse().expect("a default is a number"), meaning: meaning.trim() }
    }
}
