//! Answers as a table for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::Answer;
use super::json::rows;

/// Widest cell, in characters. Numbers are never cut.
const CELL_WIDTH_MAX: usize = 60;

/// Columns side by side, numbers to the right; long cells are cut, control characters shown as escapes.
pub fn table(answer: &Answer) -> String {
    let header: Vec<String> = answer.schema.fields().iter().map(|field| printable(field.name())).collect();
    let right: Vec<bool> = answer.schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
    let body: Vec<Vec<String>> = answer
        .batches
        .iter()
        .flat_map(rows)
        .map(|row| row.iter().zip(&right).map(|(value, number)| cell_text(value, *number)).collect())
        .collect();
    let mut widths: Vec<usize> = header.iter().map(|name| name.chars().count()).collect();
    for row in &body {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| -> String {
        let padded =
            cells.iter().zip(&widths).zip(&right).map(|((cell, width), right)| {
                if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = line(&header);
    let _ = write!(text, "\n{}\n", widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("  "));
    for row in &body {
        text.push_str(&line(row));
        text.push('\n');
    }
    let _ = writeln!(text, "({} {})", body.len(), if body.len() == 1 { "row" } else { "rows" });
    text
}

fn cell_text(value: &Value, number: bool) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    };
    if number || text.chars().count() <= CELL_WIDTH_MAX {
        return text;
    }
    text.chars().take(CELL_WIDTH_MAX - 1).chain(['…']).collect()
}

/// Text that cannot steer a terminal or turn the line around.
fn printable(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .flat_map(|letter| if steers(letter) { letter.escape_unicode().collect::<Vec<_>>() } else { vec![letter] })
        .collect()
}
