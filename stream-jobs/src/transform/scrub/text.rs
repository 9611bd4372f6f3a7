//! Addresses inside texts: error messages and the stacks of Chromium, Firefox and Safari.
//!
//! ```text
//! text     = { word | whitespace }
//! word     = plain [ address [ place ] [ closers ] ]             a tab does not end a word, a line break does
//! place    = ":" line ":" column                                 kept: it says where in the script
//! address  = scheme ":" slashes … | known-scheme ":" …           the name before "@" is a function's, and kept
//!          | slashes … | user ":" secret "@" …
//!          | … ( "?" | "#" | ";" name "=" ) …                    relative, with something that could hold a secret
//! ```
//!
//! An address goes on to the end of its word: neither a comma nor a bracket nor a quote ends it, since a query may hold
//! them. Closers (`)`, `,`, `"` and the like) at the word's end are the text's. Only an address in quotes ends at its own
//! quote, and there it may hold spaces. Cut too late, a text loses a word of prose; cut too early, it keeps a secret.

use super::AllowedQueryKeys;
use super::address::{self, is_scheme_character, is_slash, scheme_start};
use super::percent::{unit, units};
use super::secret::mask_into;
use super::tail::{is_closer, split_tail};

/// Longest name of an assignment that is looked at.
const NAME_BYTES_MAX: usize = 40;
/// Names whose assigned value is a secret, also without any address around them.
const SECRET_NAMES: [&str; 10] =
    ["token", "secret", "passw", "pwd", "session", "auth", "apikey", "api_key", "credential", "signature"];

/// One pass over a text.
pub(super) fn pass(text: &str, allowed: &AllowedQueryKeys) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut quotes = Quotes::new(text);
    let (mut at, mut word_end) = (0, 0);
    while at < text.len() {
        if at >= word_end {
            let spaces = text[at..].find(|character: char| !ends_word(character)).unwrap_or(text.len() - at);
            clean.push_str(&text[at..at + spaces]);
            at += spaces;
            word_end = at + text[at..].find(ends_word).unwrap_or(text.len() - at);
        }
        let word = &text[at..word_end];
        match find(word) {
            Found::Nothing => {
                mask_into(word, &mut clean);
                at = word_end;
            }
            Found::Secret { start, end } => {
                mask_into(&word[..start], &mut clean);
                at += end;
            }
            Found::Address { start } => {
                mask_into(&word[..start], &mut clean);
                let start = at + start;
                let quoted = quotes.closing(clean.as_bytes().last().copied(), start);
                let end = quoted.unwrap_or(word_end);
                let (found, tail) = split_tail(&text[start..end]);
                clean.push_str(&address::pass(found, allowed));
                clean.push_str(tail);
                at = end;
            }
        }
    }
    clean
}

/// Browsers do not see a tab inside an address, so it ends none. A line break would not either, but a stack has lines.
fn ends_word(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\t' | '\r')
}

/// What a word holds.
enum Found {
    Nothing,
    /// An address, on to the word's end.
    Address {
        start: usize,
    },
    /// Something to leave out: a user's name and password, the value of `token=…`.
    Secret {
        start: usize,
        end: usize,
    },
}

/// The first address or secret of a word, found in one pass.
fn find(word: &str) -> Found {
    let bytes = word.as_bytes();
    // Where the part without brackets, quotes and commas began, and the scheme and the name that may end here.
    let (mut token, mut scheme, mut name) = (0, 0, 0);
    let (mut has_colon, mut after_brace) = (false, false);
    for (here, byte, length) in units(bytes, 0) {
        let next = here + length;
        let following = bytes.get(next..).filter(|rest| !rest.is_empty()).map_or(b' ', |rest| unit(rest, 0).0);
        match byte {
            b':' => {
                if let Some(start) = scheme_start(word, scheme, here, next) {
                    return Found::Address { start };
                }
                has_colon = true;
            }
            b'/' if here == token && !after_brace => return Found::Address { start: token },
            b'\\' if here == token && is_slash(following) => return Found::Address { start: token },
            // `name@` before an address is a function's name in Firefox and Safari; with a colon it is a user's.
            b'@' if has_colon => return Found::Secret { start: token, end: next },
            b'?' if !is_closer(following) && !matches!(following, b'?' | b' ') => {
                return Found::Address { start: token };
            }
            b'#' if holds_more_than_a_name(&bytes[next..]) => return Found::Address { start: token },
            b';' if is_assigned(&bytes[next..]) => return Found::Address { start: token },
            b'=' if is_secret_name(&word[name..here]) => {
                return Found::Secret { start: next, end: next + split_tail(&word[next..]).0.len() };
            }
            _ => {}
        }
        if is_delimiter(byte) || (byte == b'=' && is_slash(following)) {
            // Masks have braces, and what follows a mask is no beginning.
            (token, has_colon, after_brace) = (next, false, matches!(byte, b'{' | b'}'));
        }
        if !is_scheme_character(char::from(byte)) {
            scheme = next;
            name = if byte == b'_' { name } else { next };
        }
    }
    Found::Nothing
}

/// Whether what follows a `#` is more than the name of an element or the number of an issue.
fn holds_more_than_a_name(rest: &[u8]) -> bool {
    let (run, after) = rest.split_at(rest.iter().take_while(|byte| is_word_byte(**byte)).count());
    let is_name = run.iter().all(|byte| !byte.is_ascii_digit()) || run.iter().all(u8::is_ascii_digit);
    let is_route = run.is_empty() && after.first() == Some(&b'!');
    is_route || !is_name || after.first().is_some_and(|after| !is_closer(*after))
}

/// Whether `name=` stands here; looks at a bounded number of bytes.
fn is_assigned(rest: &[u8]) -> bool {
    let name = rest.iter().take(NAME_BYTES_MAX).take_while(|byte| is_word_byte(**byte) || **byte == b'.').count();
    name > 0 && rest.len() > name && unit(rest, name).0 == b'='
}

fn is_secret_name(name: &str) -> bool {
    let lower = if name.len() <= NAME_BYTES_MAX { name.to_ascii_lowercase() } else { return false };
    SECRET_NAMES.iter().any(|secret| lower.contains(secret))
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_delimiter(byte: u8) -> bool {
    is_quote(byte)
        || matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b',' | b'|' | b'\t' | b'\r')
}

/// What follows a closing quote; anything else shows that the quote belongs to the address.
fn closes(byte: u8) -> bool {
    is_quote(byte) || matches!(byte, b')' | b'>' | b']' | b'}' | b',' | b'|')
}

fn is_quote(byte: u8) -> bool {
    QUOTES.contains(&byte)
}

const QUOTES: [u8; 3] = *b"\"'`";

/// Finds the quote that ends what a quote began. Remembers what it found, so that all searches together read a text once
/// for each kind of quote.
struct Quotes<'a> {
    text: &'a str,
    /// For each kind: up to where the text was searched, and whether a closing quote stands there.
    searched: [(usize, bool); QUOTES.len()],
}

impl<'a> Quotes<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, searched: [(0, false); QUOTES.len()] }
    }

    /// The place of the closing quote, if a quote stands `before` what begins at `start`, and its fellow on the same line.
    fn closing(&mut self, before: Option<u8>, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let quote = before?;
        let kind = QUOTES.iter().position(|known| *known == quote)?;
        if self.searched[kind].0 < start {
            let is_end = |at: usize| {
                let after = bytes.get(at + 1).copied().unwrap_or(b' ');
                bytes[at] == b'\n' || (bytes[at] == quote && (after.is_ascii_whitespace() || closes(after)))
            };
            let end = (start..bytes.len()).find(|at| is_end(*at)).unwrap_or(bytes.len());
            self.searched[kind] = (end, bytes.get(end) == Some(&quote));
        }
        let (end, found) = self.searched[kind];
        (found && end >= start).then_some(end)
    }
}
