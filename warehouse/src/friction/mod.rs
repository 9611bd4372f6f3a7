//! Friction: where customers give up, judged in SQL over measurements, so that old data can be judged again.
//!
//! Each signal is one file of SQL that selects its findings: whose, where, when, `measure` (what the rule compares) and `reason`
//! (in words, where there are several). Its first lines are a comment: name and version, what it means, and its thresholds with
//! their defaults. In the SQL `$name` is a threshold; `$name_us` is one called `name_ms`, in microseconds.

mod report;
pub mod shakes;
mod signal;

use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

pub use report::report;
pub use signal::{Settings, Signal};

/// All signals, in the order of DEFINITIONS.
pub static SIGNALS: LazyLock<Vec<Signal>> = LazyLock::new(|| {
    let files = [
        include_str!("signals/rage_click.sql"),
        include_str!("signals/slow_click.sql"),
        include_str!("signals/dead_click.sql"),
        include_str!("signals/error_click.sql"),
        include_str!("signals/thrashing_pointer.sql"),
        include_str!("signals/excessive_scroll.sql"),
        include_str!("signals/quick_back.sql"),
        include_str!("signals/field_trouble.sql"),
    ];
    files.into_iter().map(Signal::read).collect()
});

/// Name of the view that has the findings of all signals, by their defaults.
pub const VIEW: &str = "friction";

/// Columns of the view.
pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let columns = vec![
        text("signal"),
        Field::new("version", DataType::Int64, false),
        text("site_id"),
        text("session_id"),
        text("visitor_id"),
        text("tab_id"),
        text("page_view_id"),
        text("page_path"),
        text("element_path"),
        Field::new("seq", DataType::Int64, true),
        Field::new("occurred_at", time, true),
        Field::new("measure", DataType::Float64, true),
        text("reason"),
    ];
    Arc::new(Schema::new(columns))
}

/// A select of the findings of all signals: `signal`, `version`, then what a signal's file selects.
pub fn view(settings: &Settings) -> String {
    let findings = SIGNALS.iter().map(|signal| {
        let Signal { name, version, .. } = signal;
        format!("select '{name}' as signal, {version} as version, found.* from (\n{}) as found", signal.sql(settings))
    });
    findings.collect::<Vec<_>>().join("\nunion all\n")
}

/// All signals in words, with their thresholds and defaults.
pub fn explained() -> String {
    let mut text = String::new();
    for Signal { name, version, meaning, thresholds, .. } in SIGNALS.iter() {
        text += &format!("{name}, version {version}\n  {meaning}\n");
        for threshold in thresholds {
            text += &format!("    {:<16} {:>6}   {}\n", threshold.name, threshold.default, threshold.meaning);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
