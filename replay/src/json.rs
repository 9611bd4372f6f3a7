//! JSON read a token at a time, since a page's nodes lie deeper in each other than a parser that calls itself may go.
//!
//! Texts borrow from the input where they stand there as they are. Half a surrogate pair, which a page's text may well be cut
//! to, becomes U+FFFD.

use std::borrow::Cow;

use crate::Malformed;
use crate::event::DEPTH_MAX;

/// A node is an object in an array: two levels each, and some for what stands around and in them.
const JSON_DEPTH_MAX: usize = 2 * DEPTH_MAX + 16;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    BeginObject,
    EndObject,
    BeginArray,
    EndArray,
    Key(Cow<'a, str>),
    Text(Cow<'a, str>),
    Number(f64),
    Bool(bool),
    Null,
}

#[derive(Clone, Copy, PartialEq)]
enum Expected {
    Value,
    /// A first value, or the end of the array.
    First,
    /// A first key, or the end of the object.
    FirstKey,
    /// A comma, or the end of what is open.
    More,
}

pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What is open: whether it is an object.
    open: Vec<bool>,
    expected: Expected,
}

type Read<T> = Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), expected: Expected::Value }
    }

    pub(crate) fn next(&mut self) -> Read<Token<'a>> {
        let mut byte = self.skip_space()?;
        if self.expected == Expected::More {
            let object = *self.open.last().ok_or(Malformed::Json(self.at))?;
            match byte {
                b'}' if object => return Ok(self.close(Token::EndObject)),
                b']' if !object => return Ok(self.close(Token::EndArray)),
                b',' => self.at += 1,
                _ => return Err(Malformed::Json(self.at)),
            }
            byte = self.skip_space()?;
            if object {
                return self.key(byte);
            }
        }
        match (self.expected, byte) {
            (Expected::First, b']') => Ok(self.close(Token::EndArray)),
            (Expected::FirstKey, b'}') => Ok(self.close(Token::EndObject)),
            (Expected::FirstKey, _) => self.key(byte),
            _ => self.value(byte),
        }
    }

    /// Passes over the rest of the value that begins with this token.
    pub(crate) fn skip(&mut self, first: &Token<'a>) -> Read<()> {
        if matches!(first, Token::BeginObject | Token::BeginArray) {
            let around = self.open.len() - 1;
            while self.open.len() > around {
                self.next()?;
            }
        }
        Ok(())
    }

    /// The next value as it stands in the text.
    pub(crate) fn raw(&mut self) -> Read<&'a str> {
        let from = self.at;
        self.raw_item()?.ok_or(Malformed::Json(from))
    }

    /// The next value of an array as it stands in the text; none at the array's end.
    pub(crate) fn raw_item(&mut self) -> Read<Option<&'a str>> {
        let from = self.at;
        let first = self.next()?;
        if first == Token::EndArray {
            return Ok(None);
        }
        self.skip(&first)?;
        Ok(Some(self.text[from..self.at].trim_start_matches([',', ' ', '\t', '\n', '\r'])))
    }

    /// That nothing follows the value.
    pub(crate) fn end(&mut self) -> Read<()> {
        if self.text[self.at..].trim_ascii().is_empty() { Ok(()) } else { Err(Malformed::Json(self.at)) }
    }

    fn skip_space(&mut self) -> Read<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += space.unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied().ok_or(Malformed::Json(self.at))
    }

    fn close(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 1;
        self.open.pop();
        self.expected = Expected::More;
        token
    }

    fn key(&mut self, byte: u8) -> Read<Token<'a>> {
        if byte != b'"' {
            return Err(Malformed::Json(self.at));
        }
        let key = self.string()?;
        if self.skip_space()? != b':' {
            return Err(Malformed::Json(self.at));
        }
        self.at += 1;
        self.expected = Expected::Value;
        Ok(Token::Key(key))
    }

    fn value(&mut self, byte: u8) -> Read<Token<'a>> {
        if matches!(byte, b'{' | b'[') {
            if self.open.len() == JSON_DEPTH_MAX {
                return Err(Malformed::TooDeep);
            }
            self.at += 1;
            self.open.push(byte == b'{');
            self.expected = if byte == b'{' { Expected::FirstKey } else { Expected::First };
            return Ok(if byte == b'{' { Token::BeginObject } else { Token::BeginArray });
        }
        self.expected = Expected::More;
        match byte {
            b'"' => Ok(Token::Text(self.string()?)),
            b't' => self.word("true", Token::Bool(true)),
            b'f' => self.word("false", Token::Bool(false)),
            b'n' => self.word("null", Token::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Read<Token<'a>> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Malformed::Json(self.at));
        }
        self.at += word.len();
        Ok(token)
    }

    fn number(&mut self) -> Read<Token<'a>> {
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
        let digits = &rest[..end.unwrap_or(rest.len())];
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or(Malformed::Json(self.at))?;
        self.at += digits.len();
        Ok(Token::Number(number))
    }

    /// From the opening quote.
    fn string(&mut self) -> Read<Cow<'a, str>> {
        let wrong = Malformed::Json(self.at);
        self.at += 1;
        let mut made: Option<String> = None;
        loop {
            let rest = &self.text[self.at..];
            let end = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).ok_or(wrong)?;
            let plain = &rest[..end];
            self.at += end + 1;
            match (rest.as_bytes()[end], &mut made) {
                (b'"', None) => return Ok(Cow::Borrowed(plain)),
                (b'"', Some(text)) => {
                    text.push_str(plain);
                    return Ok(Cow::Owned(made.unwrap_or_default()));
                }
                (b'\\', _) => {
                    let text = made.get_or_insert_default();
                    text.push_str(plain);
                    let escaped = self.escape().ok_or(wrong)?;
                    text.push(escaped);
                }
                _ => return Err(wrong),
            }
        }
    }

    /// From behind the backslash.
    fn escape(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                let low = (0xd800..0xdc00).contains(&unit).then(|| self.low_surrogate()).flatten();
                char::decode_utf16([unit].into_iter().chain(low)).next()?.unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut digits = digits.iter().map(|&digit| char::from(digit).to_digit(16));
        let unit = digits.try_fold(0, |unit, digit| Some(unit * 16 + digit?))?;
        self.at += 4;
        u16::try_from(unit).ok()
    }

    /// The second half of a pair, if it follows; what else follows is left.
    fn low_surrogate(&mut self) -> Option<u16> {
        let before = self.at;
        if self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            self.at += 2;
            if let Some(unit) = self.unit().filter(|unit| (0xdc00..0xe000).contains(unit)) {
                return Some(unit);
            }
        }
        self.at = before;
        None
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
