//! Where the statements of a text end, and where it names parameters: what can be told without reading SQL. Quotes and comments
//! count as PostgreSQL reads them. What is no valid SQL is cut somehow: the worker that reads it says so.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

/// Cuts at each `;` outside of quotes and comments.
pub(crate) fn statements(text: &str) -> Vec<&str> {
    let (mut statements, mut start) = (Vec::new(), 0);
    for end in ends(text) {
        statements.push(&text[start..end]);
        start = end + 1;
    }
    statements.push(&text[start..]);
    statements.retain(|statement| !without_comments(statement).is_empty());
    statements
}

/// Whether a `;` ends the text, with nothing but comments behind it.
pub(crate) fn is_ended(text: &str) -> bool {
    ends(text).last().is_some_and(|end| without_comments(&text[end + 1..]).is_empty())
}

/// Places of each `;`.
fn ends(text: &str) -> impl Iterator<Item = usize> + '_ {
    plain(text).filter(|at| text.as_bytes()[*at] == b';')
}

/// Places of each `$name` whose name begins with a letter, from the dollar to the end of the name.
pub(crate) fn named_places(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let begins = |at: &usize| {
        bytes[*at] == b'$'
            && !follows_word(bytes, *at)
            && bytes.get(at + 1).is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_')
    };
    let end = |at: usize| {
        let name = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        at..at + 1 + name
    };
    plain(text).filter(begins).map(end).collect()
}

/// The text with `$1`, `$2` … in the place of each `?`: how JDBC and ODBC write parameters, and nothing else here does.
pub(crate) fn numbered(text: &str) -> Cow<'_, str> {
    let places: Vec<usize> = plain(text).filter(|at| text.as_bytes()[*at] == b'?').collect();
    if places.is_empty() {
        return text.into();
    }
    let (mut numbered, mut copied) = (String::with_capacity(text.len() + 2 * places.len()), 0);
    for (place, number) in places.into_iter().zip(1..) {
        let _ = write!(numbered, "{}${number}", &text[copied..place]);
        copied = place + 1;
    }
    numbered.push_str(&text[copied..]);
    numbered.into()
}

/// Places of the bytes that stand outside of quotes and comments.
fn plain(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let here = at;
            at = match bytes[here] {
                quote @ (b'\'' | b'"') => quoted(bytes, here, quote),
                b'-' if bytes[here..].starts_with(b"--") => line_end(bytes, here),
                b'/' if bytes[here..].starts_with(b"/*") => comment_end(bytes, here),
                b'$' if !follows_word(bytes, here) => dollar_end(text, here),
                _ => here + 1,
            };
            if at == here + 1 {
                return Some(here);
            }
        }
        None
    })
}

/// The text from its first word on.
pub(crate) fn without_comments(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            letter if letter.is_ascii_whitespace() => at += 1,
            b'-' if bytes[at..].starts_with(b"--") => at = line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => at = comment_end(bytes, at),
            _ => break,
        }
    }
    &text[at..]
}

/// Behind the closing quote. `E'\''` has one more way to write a quote.
fn quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let escapes = quote == b'\''
        && from
            .checked_sub(1)
            .is_some_and(|before| bytes[before].eq_ignore_ascii_case(&b'e') && !follows_word(bytes, before));
    let mut at = from + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| from + length + 1)
}

/// Comments may stand in comments.
fn comment_end(bytes: &[u8], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// Behind `$tag$ … $tag$`, or behind a dollar that begins no such quote (`$1`).
fn dollar_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let tag = bytes[from + 1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let end = from + 1 + tag;
    let is_quote = bytes.get(end) == Some(&b'$') && !bytes[from + 1].is_ascii_digit();
    if !is_quote {
        return from + 1;
    }
    let (delimiter, rest) = (&text[from..=end], &text[end + 1..]);
    rest.find(delimiter).map_or(text.len(), |place| end + 1 + place + delimiter.len())
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'_' || bytes[before] >= 0x80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_semicolon_between_statements_parts_them() {
        assert_eq!(statements("select 1; select 2;"), ["select 1", " select 2"]);
        assert_eq!(statements(" ; -- nothing;\n;/* ; */"), Vec::<&str>::new());
        for one in [
            "select ';', \";\", E'\\';'",
            "select 'a'';b'",
            "select $$;$$, $a$;$$;$a$",
            "select 1 -- ;\n, 2",
            "select /* ; /* ; */ ; */ 1",
            "select $1, a$b;c$b",
        ] {
            let expected = if one.contains("a$b") { 2 } else { 1 };
            assert_eq!(statements(one).len(), expected, "{one}");
        }
        for odd in ["'", "$a$", "/*", "E'\\", "\u{e9};", "$", "'\u{e9}"] {
            assert!(!statements(odd).is_empty() || odd == "/*");
        }
        assert_eq!(without_comments("-- a\n /* b */ select"), "select");
    }

    #[test]
    fn a_statement_is_ended_by_its_semicolon_alone() {
        for ended in ["select 1;", "select 1 ; -- done\n", "a; b;", ";"] {
            assert!(is_ended(ended), "{ended}");
        }
        for open in ["", "select 1", "select ';", "select 1 -- ;", "/* ; */", "a; b", "select $$;", "'a;\n'"] {
            assert!(!is_ended(open), "{open}");
        }
    }

    #[test]
    fn questions_become_numbers_outside_of_quotes_and_comments() {
        assert_eq!(
            numbered("select ?, '?', \"?\" -- ?\n from a where b=?"),
            "select $1, '?', \"?\" -- ?\n from a where b=$2"
        );
        assert_eq!(numbered("select $1, 'ä' /* ? */"), "select $1, 'ä' /* ? */");
    }

    #[test]
    fn names_count_outside_of_quotes_and_comments() {
        let named = |text: &'static str| named_places(text).into_iter().map(|place| &text[place]).collect::<Vec<_>>();
        assert_eq!(named("select $a, $b_2+$a from t where x=$c"), ["$a", "$b_2", "$a", "$c"]);
        assert_eq!(named("select '$a', \"$b\", $1, $$ $c $$, $d$ $e $d$, f$g -- $h\n /* $i */"), Vec::<&str>::new());
    }
}
