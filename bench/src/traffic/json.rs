//! JSON as a browser writes it: `JSON.stringify`'s numbers, no spaces.

use std::fmt::Write;

/// Appends a number as `JSON.stringify` would: shortest form, no `.0`.
pub(super) fn number(out: &mut String, value: f64) {
    debug_assert!(value.is_finite());
    write!(out, "{value}").expect("a String takes everything");
}

/// Appends a quoted string; escapes what JSON asks for.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if control < ' ' => {
                write!(out, "\\u{:04x}", control as u32).expect("a String takes everything");
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a quoted string, or `null`.
pub(super) fn optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.push_str("null"),
    }
}

/// Appends a list of numbers.
pub(super) fn numbers(out: &mut String, values: &[f64]) {
    out.push('[');
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        number(out, *value);
    }
    out.push(']');
}

/// To a tenth: what a browser's clock gives to a page that is not isolated.
pub(super) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_look_like_a_browsers() {
        let mut out = String::new();
        super::numbers(&mut out, &[0.0, 17.0, 8.3, -12.25, 1_795_250_919_000.5]);
        assert_eq!(out, "[0,17,8.3,-12.25,1795250919000.5]");
    }

    #[test]
    fn strings_are_escaped() {
        let mut out = String::new();
        super::string(&mut out, "a\"b\\c\n\u{1}é");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), "a\"b\\c\n\u{1}é");
    }
}
