//! `RESULTS.md` holds a section of each benchmark, and each replaces its own only.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Before the sections, when there is no file yet.
const HEAD: &str =
    "# Results\n\nEach section is written by the command that stands in it; `README.md` says how to read it.\n";

/// Writes the section into the file, in place of that of an earlier run.
pub(crate) fn write_section(file: &Path, section: &str) -> Result<()> {
    let before = fs::read_to_string(file).unwrap_or_default();
    fs::write(file, with_section(&before, section)).with_context(|| format!("{} cannot be written", file.display()))
}

/// `text` with the section of `section`'s heading (its first line, `## …`) replaced by it, or with it added at the end.
fn with_section(text: &str, section: &str) -> String {
    let text = if text.trim().is_empty() { HEAD } else { text };
    let heading = section.lines().next().unwrap_or_default();
    let mut kept = (String::new(), String::new());
    let mut place = Place::Before;
    for line in text.lines() {
        place = match place {
            _ if line == heading => Place::Within,
            Place::Within if line.starts_with("## ") => Place::After,
            same => same,
        };
        let part = match place {
            Place::Before => &mut kept.0,
            Place::Within => continue,
            Place::After => &mut kept.1,
        };
        part.push_str(line);
        part.push('\n');
    }
    let parts = [kept.0.trim_end(), section.trim_end(), kept.1.trim_end()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

#[derive(Clone, Copy)]
enum Place {
    Before,
    Within,
    After,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_replaces_its_own_and_leaves_the_others() {
        let text = "# Results\n\n## Page\n\n1\n\n## Pipeline\n\nold\n\n### x\n\n## Storage\n\n2\n";
        let new = with_section(text, "## Pipeline\n\nnew\n");
        assert_eq!(new, "# Results\n\n## Page\n\n1\n\n## Pipeline\n\nnew\n\n## Storage\n\n2\n");
        assert_eq!(with_section(&new, "## Pipeline\n\nnew\n"), new);
    }

    #[test]
    fn a_new_section_stands_at_the_end_and_a_new_file_gets_its_head() {
        assert_eq!(with_section("# Results\n", "## Pipeline\n\nnew"), "# Results\n\n## Pipeline\n\nnew\n");
        assert_eq!(with_section("", "## Pipeline\n\nnew"), format!("{HEAD}\n## Pipeline\n\nnew\n"));
    }
}
