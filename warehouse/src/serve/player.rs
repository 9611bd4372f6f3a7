//! The player, and a plain page around it, each with its policy.

use warp::http::{Response, StatusCode};

use crate::watch::pages::{self, POLICY};

/// Of the page around it: it shows the player and asks this server.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; \
                           img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The file at a path, if it is the player's or the page's.
pub(super) fn file(path: &str) -> Option<Response<Vec<u8>>> {
    let (name, policy) = match path {
        "/player" => ("player.html", POLICY),
        "/replay" => ("index.html", PAGE_POLICY),
        _ if path.starts_with("/player/") => (&path[1..], POLICY),
        // Its worker obeys the policy that comes with it.
        _ if path.starts_with("/replay/") => (&path[1..], PAGE_POLICY),
        _ => return None,
    };
    let (status, kind, body) = match pages::get(name) {
        Some(body) => (StatusCode::OK, kind(name), body),
        None => (StatusCode::NOT_FOUND, "application/json", missing()),
    };
    let built = Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("content-security-policy", policy.trim_end())
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cache-control", "no-cache")
        .body(body);
    Some(built.expect("the headers are constants"))
}

fn missing() -> Vec<u8> {
    let message = if pages::are_built() {
        "there is nothing at this path"
    } else {
        "the player is not in this program; run `npm ci && npm run build` in web/ and build it again"
    };
    serde_json::json!({"code": "not_found", "message": message}).to_string().into_bytes()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_player_comes_with_its_policy_and_the_page_with_its_own() {
        let policy =
            |path: &str| file(path).map(|file| file.headers()["content-security-policy"].to_str().unwrap().to_owned());
        assert_eq!(policy("/player").as_deref(), Some(POLICY));
        assert_eq!(policy("/replay").as_deref(), Some(PAGE_POLICY));
        for other in ["/", "/players", "/studio.css", "/replay.js"] {
            assert!(file(other).is_none(), "{other}");
        }
        assert_eq!(file("/player/../policy.txt").unwrap().status(), StatusCode::NOT_FOUND);
    }
}
