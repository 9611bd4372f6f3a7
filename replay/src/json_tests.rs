use super::*;

use proptest::prelude::*;
use serde_json::Value;

/// The whole value, by calling itself: for tests, whose values are shallow.
fn read(text: &str) -> Read<Value> {
    let mut reader = Reader::new(text);
    let first = reader.next()?;
    let value = rest(&mut reader, first)?;
    reader.end()?;
    Ok(value)
}

fn rest<'a>(reader: &mut Reader<'a>, first: Token<'a>) -> Read<Value> {
    Ok(match first {
        Token::Text(text) => Value::String(text.into_owned()),
        Token::Number(number) => serde_json::json!(number),
        Token::Bool(bool) => Value::Bool(bool),
        Token::Null => Value::Null,
        Token::BeginArray => {
            let mut items = Vec::new();
            loop {
                match reader.next()? {
                    Token::EndArray => break Value::Array(items),
                    token => items.push(rest(reader, token)?),
                }
            }
        }
        Token::BeginObject => {
            let mut fields = serde_json::Map::new();
            while let Token::Key(key) = reader.next()? {
                let token = reader.next()?;
                fields.insert(key.into_owned(), rest(reader, token)?);
            }
            Value::Object(fields)
        }
        Token::EndObject | Token::EndArray | Token::Key(_) => unreachable!("no value begins so"),
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-1e12..1e12_f64).prop_map(|number| serde_json::json!(number)),
        any::<String>().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Whole numbers are numbers with a point here.
fn same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => ours == theirs,
    }
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_as_it_was(value in any_json()) {
        prop_assert_eq!(read(&serde_json::to_string_pretty(&value).unwrap()), Ok(value));
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}",:\\u0dD8e.tfn \-]{0,40}"#) {
        // They refuse halves of surrogate pairs, and we take numbers as the language reads them: both ways only so far.
        if let Ok(theirs) = serde_json::from_str::<Value>(&text) {
            let ours = read(&text);
            prop_assert!(ours.is_ok_and(|ours| same(&ours, &theirs)), "{}", text);
        }
    }
}

#[test]
fn halves_of_pairs_become_replacement_characters() {
    assert_eq!(read(r#""\ud83d\ude00""#), Ok("😀".into()));
    assert_eq!(read(r#""a\ud83db""#), Ok("a\u{fffd}b".into()));
    assert_eq!(read(r#""\ud83d\u0041""#), Ok("\u{fffd}A".into()));
    assert_eq!(read(r#""\ude00""#), Ok("\u{fffd}".into()));
}

#[test]
fn depth_is_bounded_and_no_stack_is_used_for_it() {
    let deep = "[".repeat(JSON_DEPTH_MAX + 1);
    assert_eq!(Reader::new(&deep).raw(), Err(Malformed::TooDeep));
    let allowed = "[".repeat(JSON_DEPTH_MAX) + &"]".repeat(JSON_DEPTH_MAX);
    assert_eq!(Reader::new(&allowed).raw(), Ok(&allowed[..]));
}
