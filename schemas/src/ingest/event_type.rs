//! The types of event (DESIGN section 4).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

use super::reject::UNKNOWN_TYPE_PREFIX;

macro_rules! event_types {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// What a visitor did. The discriminant is the index of the Avro symbol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the contract says of each type what it is")]
        pub enum EventType { $($variant),* }

        impl EventType {
            /// Every type, in the order of the Avro symbols.
            pub const ALL: &[EventType] = &[$(EventType::$variant),*];

            /// The type's name in JSON, Avro and SQL.
            pub const fn name(self) -> &'static str {
                match self { $(EventType::$variant => $name),* }
            }

            /// The type of that name.
            pub fn from_name(name: &str) -> Option<EventType> {
                match name { $($name => Some(EventType::$variant),)* _ => None }
            }
        }
    };
}

event_types! {
    PageView "page_view", PageLeave "page_leave", Heartbeat "heartbeat", Visibility "visibility",
    Pointer "pointer", ElementEnter "element_enter", ElementLeave "element_leave",
    Click "click", DoubleClick "double_click", ContextMenu "context_menu",
    PointerDown "pointer_down", PointerUp "pointer_up", Focus "focus", Blur "blur",
    Input "input", Change "change", Submit "submit", Scroll "scroll", Resize "resize", Key "key",
    Clipboard "clipboard", Request "request", Error "error", WebVital "web_vital",
    CaptureDegraded "capture_degraded", Custom "custom", Effect "effect",
    PointerCancel "pointer_cancel", Drag "drag", Composition "composition", Media "media", Toggle "toggle",
    Print "print", LongFrame "long_frame",
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = EventType;
            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("the name of an event type")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<EventType, E> {
                EventType::from_name(name).ok_or_else(|| E::custom(format_args!("{UNKNOWN_TYPE_PREFIX} {name:?}")))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::EventType;

    #[test]
    fn the_names_are_the_avro_symbols_in_order() {
        let schema = crate::topics::EVENTS_AVRO;
        let names: Vec<_> = EventType::ALL.iter().map(|kind| format!("{:?}", kind.name())).collect();
        assert!(schema.contains(&format!("[{}, \"unknown\"]", names.join(", "))));
        for (index, kind) in EventType::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index);
            assert_eq!(EventType::from_name(kind.name()), Some(*kind));
        }
        assert_eq!(EventType::from_name("unknown"), None, "a sender may not claim the reader's fallback");
    }
}
