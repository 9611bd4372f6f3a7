//! What few types of event tell beside where and when.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::RECORDING_CHUNKS_MAX;
use super::value::{Length, Share, Text, Whole, Within};

/// What followed first on a click, tap, Enter or Space.
#[derive(Debug, Deserialize)]
pub struct Effect {
    /// `seq` of the event that it followed, in the same tab.
    pub of_seq: Whole,
    /// What it was.
    pub kind: EffectKind,
    /// None when nothing followed.
    pub after_ms: Option<Length>,
}

/// A kind of effect. Other than words that come from browsers it is ours alone, and verdicts in SQL rest on it: so no
/// other is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// The page's content changed.
    Dom,
    /// Another page or route.
    Navigation,
    /// Something scrolled.
    Scroll,
    /// Something else got the focus.
    Focus,
    /// A choice or a selection of text changed.
    Selection,
    /// A dialog, popover or menu opened or closed.
    Dialog,
    /// Another tab or window came to the front.
    NewTab,
    /// A request of the page began.
    Request,
    /// Nothing within 7 s.
    None,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Dom,
        Self::Navigation,
        Self::Scroll,
        Self::Focus,
        Self::Selection,
        Self::Dialog,
        Self::NewTab,
        Self::Request,
        Self::None,
    ];

    /// The name in JSON, Avro and SQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dom => "dom",
            Self::Navigation => "navigation",
            Self::Scroll => "scroll",
            Self::Focus => "focus",
            Self::Selection => "selection",
            Self::Dialog => "dialog",
            Self::NewTab => "new_tab",
            Self::Request => "request",
            Self::None => "none",
        }
    }
}

impl<'de> Deserialize<'de> for EffectKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(name) = Text::deserialize(deserializer)?;
        let known = Self::ALL.iter().copied().find(|kind| kind.name() == name);
        known.ok_or_else(|| D::Error::custom(format_args!("{name:?} is no kind of effect")))
    }
}

/// Where a video or audio stands.
#[derive(Debug, Deserialize)]
pub struct Media {
    /// `HTMLMediaElement.currentTime`
    pub position_s: Option<Length>,
}

/// A long animation frame, and the script that took longest in it.
#[derive(Debug, Deserialize)]
pub struct Frame<'a> {
    /// `PerformanceLongAnimationFrameTiming.blockingDuration`
    pub blocking_ms: Option<Length>,
    /// Address of the script.
    #[serde(borrow)]
    pub script: Option<Text<'a>>,
    /// `PerformanceScriptTiming.invoker`, such as `BUTTON#buy.onclick`.
    #[serde(borrow)]
    pub invoker: Option<Text<'a>>,
}

/// How far the page was seen.
#[derive(Debug, Deserialize)]
pub struct Scroll {
    /// CSS pixels.
    pub page_height: Option<Length>,
    /// Share of the page's height that was seen so far.
    pub depth: Option<Share>,
}

/// What was sent of the page view's recording.
#[derive(Debug, Deserialize)]
pub struct Recording {
    /// Chunks, as `POST /v1/replay` takes them: by their number a lost tail is known.
    pub chunks: Option<Within<0, RECORDING_CHUNKS_MAX>>,
}

/// How a field was filled while it had the focus.
#[derive(Debug, Deserialize)]
pub struct Field {
    /// From focus to the first edit; none without one.
    pub hesitation_ms: Option<Length>,
    /// Edits that delete.
    pub corrections: Option<Whole>,
    /// How often it was emptied and filled again.
    pub refills: Option<Whole>,
}
