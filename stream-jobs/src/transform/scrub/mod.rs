//! Takes secrets out of addresses and of texts that hold addresses: whatever a page puts into one must not reach a file.
//!
//! Works on text, not on a parsed URL: what browsers send is often relative, cut or wrong, and all of it must come out
//! clean. A pass reads its text once from the left to the right, whatever the text; what it takes away may uncover what
//! looks like another address, so a text that changed is passed again, at most [`PASSES_MAX`] times. So the work grows as
//! the text does (a fuzz target and a test hold that), the output is at most [`GROWTH_MAX`] times as long, and nothing
//! changes that was scrubbed before.
//!
//! - [`address`]: user info, query values, fragments, path parameters of one address
//! - [`tail`]: what stands behind an address without belonging to it
//! - [`text`]: where addresses begin and end inside an error message or a stack
//! - [`secret`]: e-mail addresses, tokens and opaque path segments, wherever they stand
//! - [`percent`]: percent-encoding, which hides nothing

mod address;
mod percent;
mod secret;
mod tail;
mod text;

pub(crate) use address::host_and_path;
pub(crate) use secret::mask_into;

/// A cleaned text is at most so many times as long: a mask is one byte longer than the shortest e-mail address.
#[allow(dead_code, reason = "the bound that the tests and the fuzz target hold")]
pub(crate) const GROWTH_MAX: usize = 2;

/// Query keys whose values are kept: those of campaigns, and what the configuration names.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedQueryKeys {
    extra: Vec<String>,
}

impl AllowedQueryKeys {
    pub(crate) fn new(extra: Vec<String>) -> Self {
        Self { extra }
    }

    fn allows(&self, key: &str) -> bool {
        schemas::campaign::is_kept(key) || self.extra.iter().any(|allowed| allowed == key)
    }
}

/// Most passes over one text.
const PASSES_MAX: usize = 6;

/// An address without its secrets. Never fails: text that is no address loses what could be one.
///
/// Gone are user info, path parameters (`;jsessionid=…`), values within paths (`/token=…`), opaque path segments, query
/// keys without a value, the values of all query keys that are not allow-listed, fragments that are no route, and e-mail
/// addresses and tokens wherever they stand. A fragment that is a route (`#/…`, `#!/…`) is cleaned like a path and query.
pub(crate) fn scrub(raw: &str, allowed: &AllowedQueryKeys) -> String {
    settled(raw, |text| address::pass(text, allowed))
}

/// A text, such as an error message or a stack, with every address, e-mail address and token inside of it scrubbed.
pub(crate) fn scrub_text(raw: &str, allowed: &AllowedQueryKeys) -> String {
    settled(raw, |text| text::pass(text, allowed))
}

fn settled(raw: &str, pass: impl Fn(&str) -> String) -> String {
    let mut clean = pass(raw);
    if clean == raw {
        return clean;
    }
    for _ in 1..PASSES_MAX {
        let again = pass(&clean);
        if again == clean {
            break;
        }
        clean = again;
    }
    clean
}

#[cfg(test)]
mod tests;
