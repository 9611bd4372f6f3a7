//! Styles, token by token as a browser reads them (CSS Syntax 3), and written anew: what is written is whole, so that nothing
//! put behind or before it can become a part of it.

mod names;

use cssparser::{CowRcStr, ParseError, Parser, ToCss, Token};
use url::Url;

use super::urls::{self, Assets};

/// How deep blocks and functions may lie in each other; what lies deeper is gone.
pub const CSS_DEPTH_MAX: usize = 64;

/// A style sheet is at most so many times as long when it is clean, but for the addresses of assets …
pub const CSS_GROWTH_MAX: usize = 6;

/// … which may together take as many bytes as the sheet, and these; the others count as not kept.
pub const CSS_ADDRESS_BYTES_FREE: usize = 64 * 1024;

/// Stands where something was: what stood on both sides of it stays apart.
const GONE: &str = "/**/";

/// Stands for a rule that is gone: the places of those behind it stay as they were.
const GONE_RULE: &str = "@media not all{}";

/// Stands for a picture that is not kept: an address from which nothing is loaded.
const NO_PICTURE: &str = "data:,";

/// Stands for `:popover-open`.
const OPEN_POPOVER: &str = "[popover]:where([style$=\"!important\"])";

/// A style sheet, the declarations of an element or one value, without an address that is not an asset's. `base` is the
/// address of the sheet itself, for the relative ones in it. Also how much was taken out.
///
/// Takes time in proportion to the text, and is bounded by [`CSS_GROWTH_MAX`] and [`CSS_ADDRESS_BYTES_FREE`].
#[must_use]
pub fn clean_css(css: &str, base: Option<&Url>, assets: &dyn Assets) -> (String, u64) {
    let cleaner = Cleaner::of(css, base, assets);
    (cleaner.out, cleaner.removed)
}

/// The same as the text of an element: apart from the texts beside it.
pub(super) fn clean_text(css: &str, assets: &dyn Assets) -> (String, u64) {
    let Cleaner { out, space_until, removed, .. } = Cleaner::of(css, None, assets);
    // Not any space at the end: one may belong to an escape before it.
    let end = out.len() - usize::from(space_until == out.len() && !out.is_empty());
    let css = out[..end].trim_start_matches(' ');
    (if css.is_empty() { String::new() } else { format!("\n{css}\n") }, removed)
}

#[derive(Clone, Copy, PartialEq)]
enum Within {
    /// A sheet, or a block in braces: rules may stand here.
    Rules,
    /// A function, or a block in other brackets.
    Value,
    /// A function in which a text is an address.
    Addresses,
}

struct Cleaner<'a> {
    base: Option<&'a Url>,
    assets: &'a dyn Assets,
    address_bytes_left: usize,
    out: String,
    /// Where in `out` the last space between others ends.
    space_until: usize,
    /// Where in `out` the last bracket or comma ends, behind which anything is a token of its own. Its sign would not do: an
    /// escaped one ends a name.
    apart_until: usize,
    removed: u64,
}

impl<'a> Cleaner<'a> {
    fn of(css: &str, base: Option<&'a Url>, assets: &'a dyn Assets) -> Self {
        let address_bytes_left = css.len() + CSS_ADDRESS_BYTES_FREE;
        let out = String::with_capacity(css.len());
        let mut cleaner = Self { base, assets, address_bytes_left, out, space_until: 0, apart_until: 0, removed: 0 };
        cleaner.block(&mut Parser::new(css), Within::Rules, 0);
        cleaner
    }

    fn block(&mut self, parser: &mut Parser<'_>, within: Within, depth: usize) {
        loop {
            let from = parser.position();
            let Ok(token) = parser.next_including_whitespace_and_comments().cloned() else { return };
            match &token {
                Token::WhiteSpace(_) => {
                    self.out.push(' ');
                    self.space_until = self.out.len();
                }
                Token::Comment(_) => self.out.push_str(GONE),
                Token::Number { .. } | Token::Percentage { .. } | Token::Dimension { .. } => {
                    self.number(parser.slice_from(from));
                }
                Token::QuotedString(text) if within == Within::Addresses => {
                    // A text may stand right behind a name, which would become a part of the function's.
                    if self.apart_until != self.out.len() {
                        self.out.push_str(GONE);
                    }
                    self.address(text);
                }
                Token::QuotedString(text) => self.string(text),
                Token::UnquotedUrl(url) => self.address(url),
                Token::Function(name) => self.function(parser, name, within, depth),
                Token::ParenthesisBlock => self.nested(parser, "(", ')', inner(within), depth),
                Token::SquareBracketBlock => self.nested(parser, "[", ']', Within::Value, depth),
                Token::CurlyBracketBlock => self.nested(parser, "{", '}', Within::Rules, depth),
                Token::AtKeyword(name) if !names::is_rule(name) => self.gone_rule(parser, name, within),
                // A backslash that escapes nothing, until something else stands behind it.
                Token::Delim('\\' | '\0')
                | Token::BadUrl(_)
                | Token::BadString(_)
                | Token::CDO
                | Token::CDC
                | Token::CloseParenthesis
                | Token::CloseSquareBracket
                | Token::CloseCurlyBracket => self.gone(),
                // Nothing opens a popover in a player: the recorder says in its style that it is open, at the end. As specific.
                Token::Ident(name) if name.eq_ignore_ascii_case("popover-open") && self.is_pseudo_class() => {
                    self.out.truncate(self.out.len() - 1);
                    self.out.push_str(OPEN_POPOVER);
                }
                // As it is, a `>` behind it would make it the end of a comment of HTML.
                Token::Ident(name) if *name == "--" => self.out.push_str("\\--"),
                // No text may end the element that it stands in, whoever writes it out.
                Token::Delim('/') if self.out.ends_with('<') => self.out.push_str(" /"),
                Token::Comma => {
                    self.out.push(',');
                    self.apart_until = self.out.len();
                }
                Token::Ident(_)
                | Token::AtKeyword(_)
                | Token::Hash(_)
                | Token::IDHash(_)
                | Token::Delim(_)
                | Token::Colon
                | Token::Semicolon
                | Token::IncludeMatch
                | Token::DashMatch
                | Token::PrefixMatch
                | Token::SuffixMatch
                | Token::SubstringMatch => self.write(&token),
            }
        }
    }

    /// What stands behind one colon.
    fn is_pseudo_class(&self) -> bool {
        self.out.ends_with(':') && !self.out.ends_with("::")
    }

    fn function(&mut self, parser: &mut Parser<'_>, name: &CowRcStr<'_>, within: Within, depth: usize) {
        if name.eq_ignore_ascii_case("url") {
            return self.quoted_address(parser);
        }
        let substitutes = within == Within::Addresses && !names::is_no_substitution(name);
        if depth == CSS_DEPTH_MAX || substitutes || !names::is_function(name) {
            pass_over(parser);
            return self.gone();
        }
        let inner = if names::takes_addresses(name) { Within::Addresses } else { Within::Value };
        if name.eq_ignore_ascii_case("attr") {
            return self.attribute(parser);
        }
        self.write(&Token::Function(name.clone()));
        self.nested(parser, "", ')', inner, depth);
    }

    fn nested(&mut self, parser: &mut Parser<'_>, open: &str, close: char, within: Within, depth: usize) {
        self.out.push_str(open);
        self.apart_until = self.out.len();
        if depth < CSS_DEPTH_MAX {
            let inside = |parser: &mut Parser<'_>| {
                self.block(parser, within, depth + 1);
                Ok::<(), ParseError<()>>(())
            };
            // What `inside` left is passed over, and it leaves nothing.
            drop(parser.parse_nested_block(inside));
        } else {
            pass_over(parser);
            self.removed += 1;
        }
        self.out.push(close);
    }

    /// `url("…")`, from behind the bracket.
    fn quoted_address<'i>(&mut self, parser: &mut Parser<'i>) {
        let inside = |parser: &mut Parser<'i>| {
            let url = match parser.next() {
                Ok(Token::QuotedString(url)) => Some(url.clone()),
                _ => None,
            };
            while parser.next().is_ok() {}
            Ok::<_, ParseError<()>>(url)
        };
        match parser.parse_nested_block(inside) {
            Ok(Some(url)) => self.address(&url),
            _ => self.gone(),
        }
    }

    /// `attr(name)` as text; with more it may be a value of another type.
    fn attribute<'i>(&mut self, parser: &mut Parser<'i>) {
        let inside = |parser: &mut Parser<'i>| {
            let name = match parser.next() {
                Ok(Token::Ident(name)) => Some(name.clone()),
                _ => None,
            };
            let alone = parser.next().is_err();
            while parser.next().is_ok() {}
            Ok::<_, ParseError<()>>(name.filter(|_| alone))
        };
        match parser.parse_nested_block(inside) {
            Ok(Some(name)) => {
                self.out.push_str("attr(");
                self.write(&Token::Ident(name));
                self.out.push(')');
            }
            _ => self.gone(),
        }
    }

    fn address(&mut self, url: &str) {
        let shown = urls::fragment(url).map(str::to_owned);
        let shown = shown.or_else(|| urls::shown(url, self.base, self.assets));
        let shown = shown.filter(|shown| shown.len() <= self.address_bytes_left);
        self.address_bytes_left -= shown.as_ref().map_or(0, String::len);
        self.removed += u64::from(shown.is_none() && url != NO_PICTURE);
        self.out.push_str("url(");
        self.string(shown.as_deref().unwrap_or(NO_PICTURE));
        self.out.push(')');
    }

    /// Passes over a rule: its words, and the block or the semicolon that ends it.
    fn gone_rule(&mut self, parser: &mut Parser<'_>, name: &str, within: Within) {
        if within != Within::Rules {
            return self.gone();
        }
        while let Ok(token) = parser.next().cloned() {
            match token {
                Token::Semicolon => break,
                Token::CurlyBracketBlock => {
                    pass_over(parser);
                    break;
                }
                Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock => pass_over(parser),
                _ => {}
            }
        }
        self.removed += 1;
        // An encoding is none of the rules that have a place.
        self.out.push_str(if name.eq_ignore_ascii_case("charset") { GONE } else { GONE_RULE });
    }

    /// As it stands, with its unit: written from its value it would be rounded.
    fn number(&mut self, text: &str) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'%');
        if text.bytes().all(plain) {
            self.out.push_str(text);
        } else {
            self.gone();
        }
    }

    fn string(&mut self, text: &str) {
        let from = self.out.len();
        self.write(&Token::QuotedString(text.into()));
        if self.out[from..].contains("</") {
            let escaped = self.out[from..].replace("</", "<\\/");
            self.out.replace_range(from.., &escaped);
        }
    }

    fn write(&mut self, token: &Token<'_>) {
        token.to_css(&mut self.out).expect("a text takes what is written");
    }

    fn gone(&mut self) {
        self.removed += 1;
        self.out.push_str(GONE);
    }
}

/// The block that was just entered, to behind its end.
fn pass_over(parser: &mut Parser<'_>) {
    let inside = |parser: &mut Parser<'_>| {
        while parser.next().is_ok() {}
        Ok::<(), ParseError<()>>(())
    };
    drop(parser.parse_nested_block(inside));
}

/// Brackets change nothing of what a text in them is.
fn inner(within: Within) -> Within {
    if within == Within::Addresses { Within::Addresses } else { Within::Value }
}

#[cfg(test)]
mod tests;
