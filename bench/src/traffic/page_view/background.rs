//! What the page does by itself: requests, vitals, errors.

use schemas::ingest::EventType;

use super::View;
use crate::traffic::json;

impl View<'_> {
    pub(super) fn vital(&mut self, at_ms: f64, name: &str, value: f64) {
        self.script.add(at_ms, EventType::WebVital, |out| {
            out.push_str(&format!(",\"vital\":{{\"name\":\"{name}\",\"value\":{value}}}"));
        });
    }

    /// An AJAX call that starts at `at_ms`: it is known, and stamped, when it ends.
    pub(super) fn request(&mut self, at_ms: f64) {
        let endpoints: &[(f64, (&str, &str))] = &[
            (5.0, ("GET", "/api/quote")),
            (3.0, ("GET", "/api/stock")),
            (2.0, ("GET", "/api/suggestions")),
            (2.0, ("POST", "/api/cart")),
            (0.5, ("POST", "/api/orders")),
        ];
        let (method, url) = *self.chance.weighted(endpoints);
        let status = *self.chance.weighted(&[(96.0, 200), (2.0, 404), (1.5, 500), (0.5, 0)]);
        let duration_ms = json::tenth(self.chance.log_normal(160.0, 0.8));
        let bytes = self.chance.log_normal(1_800.0, 0.7) as u32;
        let initiator = if self.chance.hit(0.85) { "fetch" } else { "xhr" };
        self.script.add(at_ms + duration_ms, EventType::Request, |out| {
            out.push_str(&format!(
                ",\"request\":{{\"method\":\"{method}\",\"url\":\"{url}\",\"status\":{status},\"duration_ms\":{duration_ms},\"initiator\":\"{initiator}\",\"bytes\":{bytes}}}"
            ));
        });
    }

    pub(super) fn error(&mut self) {
        let (line, column) = (self.chance.whole(1, 900), self.chance.whole(1, 120));
        self.script.add(self.now_ms + 20.0, EventType::Error, |out| {
            out.push_str(&format!(
                ",\"error\":{{\"message\":\"Cannot read properties of undefined (reading 'price')\",\"source\":\"/app.js\",\"line\":{line},\"column\":{column}}}"
            ));
        });
    }
}
