//! What client hints add to a user agent: the versions that browsers hide, and tablets that call themselves a Mac.

use anyhow::{Context, Result};
use arrow::array::{Array, AsArray, BooleanArray, Int64Array, ListArray, StringArray, StructArray};

use super::rules::system_name;
use super::{Agent, BotClass};
use crate::transform::lift;

/// Windows 11 says 13 or more (<https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11>).
const WINDOWS_11_MIN: u32 = 13;
/// No Mac has a screen to touch.
const TOUCH_POINTS_OF_A_MAC_MAX: i64 = 1;

/// Client hints of some packages.
pub(crate) struct HintColumns {
    hints: StructArray,
    platform: StringArray,
    platform_version: StringArray,
    mobile: BooleanArray,
    brands: ListArray,
    touch_points: Int64Array,
}

/// Client hints of one package.
#[derive(Clone, Debug, Default)]
pub struct Hints<'a> {
    pub platform: Option<&'a str>,
    pub platform_version: Option<&'a str>,
    pub mobile: Option<bool>,
    /// Name and version, in the order of the browser.
    pub brands: Vec<(&'a str, &'a str)>,
    pub touch_points: Option<i64>,
}

impl HintColumns {
    pub(crate) fn new(packages: &StructArray) -> Result<Self> {
        let hints = lift::child_struct(packages, "client_hints")?;
        let mobile = lift::child(&hints, "mobile")?;
        let brands = lift::child(&hints, "brands")?;
        Ok(Self {
            platform: lift::child_text(&hints, "platform")?,
            platform_version: lift::child_text(&hints, "platform_version")?,
            mobile: mobile.as_boolean_opt().cloned().context("the field mobile is no flag")?,
            brands: brands.as_list_opt().cloned().context("the field brands is no list")?,
            touch_points: lift::child_int(&hints, "max_touch_points")?,
            hints,
        })
    }

    pub(crate) fn row(&self, row: usize) -> Option<Hints<'_>> {
        self.hints.is_valid(row).then(|| Hints {
            platform: self.platform.is_valid(row).then(|| self.platform.value(row)),
            platform_version: self.platform_version.is_valid(row).then(|| self.platform_version.value(row)),
            mobile: self.mobile.is_valid(row).then(|| self.mobile.value(row)),
            brands: self.brands_of(row),
            touch_points: self.touch_points.is_valid(row).then(|| self.touch_points.value(row)),
        })
    }

    fn brands_of(&self, row: usize) -> Vec<(&str, &str)> {
        let Some(brands) = self.brands.values().as_struct_opt() else { return Vec::new() };
        let texts = |name| brands.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let (Some(names), Some(versions)) = (texts("brand"), texts("version")) else { return Vec::new() };
        let offsets = self.brands.value_offsets();
        (offsets[row] as usize..offsets[row + 1] as usize).map(|at| (names.value(at), versions.value(at))).collect()
    }
}

impl Hints<'_> {
    /// What the agent says, corrected by these hints.
    pub fn refine(&self, agent: &Agent) -> Agent {
        let mut refined = agent.clone();
        self.refine_system(&mut refined);
        self.refine_browser(&mut refined);
        refined.device_type = match refined.os_name.as_deref() {
            Some("iPadOS") => Some("tablet"),
            _ => refined.device_type.or_else(|| self.mobile.map(|mobile| if mobile { "phone" } else { "desktop" })),
        };
        refined
    }

    fn refine_system(&self, agent: &mut Agent) {
        let Some(platform) = self.platform.map(system_name) else {
            // Safari has no client hints, and on an iPad the agent of a Mac.
            if agent.os_name.as_deref() == Some("macOS") && self.touch_points > Some(TOUCH_POINTS_OF_A_MAC_MAX) {
                agent.os_name = Some("iPadOS".to_owned());
                agent.os_version = None;
            }
            return;
        };
        let version = self.platform_version.and_then(|version| match platform {
            "Windows" => windows(version).map(str::to_owned),
            "macOS" | "Android" | "ChromeOS" | "iOS" => without_zeros(version),
            _ => None,
        });
        // Of what runs on Linux the agent knows more: a distribution, or the system of a television.
        let known = ["Windows", "macOS", "Android", "ChromeOS", "iOS"].contains(&platform);
        if agent.os_name.is_none() || (known && agent.os_name.as_deref() != Some(platform)) {
            agent.os_name = (platform != "Unknown").then(|| platform.to_owned());
            agent.os_version = None;
        }
        if version.is_some() {
            agent.os_version = version;
        }
    }

    /// A browser that wears Chrome's agent is named by its brand, and any version is told in full.
    fn refine_browser(&self, agent: &mut Agent) {
        if self.brands.iter().any(|(brand, _)| *brand == "HeadlessChrome") {
            agent.bot_class = agent.bot_class.max(Some(BotClass::Headless));
        }
        let Some((brand, version)) = self.brands.iter().find(|(brand, _)| !says_nothing(brand)) else { return };
        let disguised = matches!(agent.browser_name.as_deref(), None | Some("Chrome" | "Chrome Mobile"));
        if disguised && !matches!(*brand, "Google Chrome" | "HeadlessChrome") {
            agent.browser_name = Some(browser_name(brand).to_owned());
            agent.browser_version = Some((*version).to_owned());
        } else if version.contains('.')
            && major(version).is_some()
            && agent.browser_version.as_deref().map(major) == Some(major(version))
        {
            agent.browser_version = Some((*version).to_owned());
        }
    }
}

/// The engine, and brands that are invented so that nobody relies on fixed lists: `Not?A_Brand`, `(Not(A:Brand`.
fn says_nothing(brand: &str) -> bool {
    brand.is_empty() || brand == "Chromium" || (brand.contains("Not") && brand.contains("Brand"))
}

/// uap-core's name of a brand.
fn browser_name(brand: &str) -> &str {
    match brand {
        "Microsoft Edge" => "Edge",
        "Yandex" | "YaBrowser" => "Yandex Browser",
        "Android WebView" => "Chrome Mobile WebView",
        brand => brand,
    }
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

/// The name of a Windows by the version of its platform, of which only the first number counts.
fn windows(version: &str) -> Option<&'static str> {
    match (major(version)?, version.split('.').nth(1)) {
        (0, Some("1")) => Some("7"),
        (0, Some("2")) => Some("8"),
        (0, Some("3")) => Some("8.1"),
        (0, _) => None,
        (major, _) if major < WINDOWS_11_MIN => Some("10"),
        _ => Some("11"),
    }
}

/// `15.0.0` as `15`, as agents say it. `None` if it is no version.
fn without_zeros(version: &str) -> Option<String> {
    major(version)?;
    let mut short = version;
    while let Some(shorter) = short.strip_suffix(".0") {
        short = shorter;
    }
    Some(short.to_owned())
}
