//! The campaign that brought a visit: the `utm_…` values of the page's address.

use super::url::mask_into;

/// The parameters, in the order of the columns.
pub const UTM_KEYS: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

/// First value of each key, decoded, e-mail addresses and tokens masked; `None` when absent or empty.
pub fn parse(url: &str) -> [Option<String>; 5] {
    let mut found = [const { None }; 5];
    let before_fragment = url.split('#').next().unwrap_or_default();
    let Some((_, query)) = before_fragment.split_once('?') else { return found };
    if !query.contains("utm_") {
        return found;
    }
    for (key, value) in ::url::form_urlencoded::parse(query.as_bytes()) {
        let Some(column) = UTM_KEYS.iter().position(|known| *known == key) else { continue };
        if found[column].is_none() && !value.is_empty() {
            let mut masked = String::with_capacity(value.len());
            mask_into(&value, &mut masked);
            found[column] = Some(masked);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there() {
        let found = parse(
            "https://s.example/?utm_source=news+letter&utm_campaign=a%26b&utm_source=second&utm_term=#utm_medium=x",
        );
        assert_eq!(found, [Some("news letter".into()), None, Some("a&b".into()), None, None]);
        assert_eq!(parse("/x?utm_content=me@example.org")[4].as_deref(), Some("{email}"));
        assert_eq!(parse("no query"), [const { None }; 5]);
    }
}
