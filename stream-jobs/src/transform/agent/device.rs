//! The kind of device by words of its user agent.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What a word says; the first that is found in an agent decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    Console,
    Tv,
    Tablet,
    /// Is a phone where the agent has no word for a tablet's model.
    Android,
    Phone,
    Mobile,
    Desktop,
}

const CONSOLE: &str =
    "playstation|xbox|nintendo|(ps3)|psp (|ouya|dreamcast|segasaturn|steamdeck|steam deck|gameoverlay";
const TV: &str = "\
    smarttv|smart-tv|smart tv|smart_tv|hbbtv|appletv|apple tv|tvos|googletv|google tv|android tv|androidtv|\
    bravia|; aft|crkey|chromecast|roku|web0s|webos.tv|netcast|vidaa|viera|large screen|opr tv|opera tv|pov_tv|\
    mitv|mibox|mi box| omi/|ce-html|philipstv|nettv|inettv|dlnadoc|freebox|tivo|linux mips|gw-device/|tvbrowser|\
    (astro;|settop|set-top|maple|tv store|beyondtv";
const TABLET: &str = "ipad|tablet;|tablet)|tablet/|playbook|kindle|silk/|touchpad|pocketbook";
const PHONE: &str = "\
    iphone|ipod|windows phone|lumia|wpdesktop|symbian|series60|series 60|blackberry|bb10|midp|cldc|kaios|\
    opera mini|opera mobi|j2me|nokia|palmos|palmsource|windows ce|iemobile|ucweb|webos/|bada/|maemo|meego|\
    samsung-|sonyericsson|lg-|docomo|brew|up.browser|mot-|smartphone|phone";
const DESKTOP: &str = "\
    windows|win98|win95|macintosh|mac os|mac_powerpc|x11|linux|cros |freebsd|openbsd|netbsd|os/2|amiga|beos|\
    haiku|sunos|cygwin";

/// Words of Android models: televisions and the boxes under them.
const TV_MODELS: &str =
    "tv;|tv)|tv |_tv|-tv|tv-|tv_|tvbox| box|box |box)|box;|box-|mbox|stb|stick|shell 5|-led|_uhd|_fhd|uhd)|fhd)";
const TABLET_MODELS: &str = "\
    sm-t|sm-x|sm-p|gt-p|gt-n80|gt-n51|sgp| pad|_pad|-pad| tab|_tab|-tab|tab |tab_|tab-|pad |pad_|pad)|pad;|tab)|\
    tab;|mediapad|matepad|nexus 7|nexus 9|nexus 10|xoom|lenovo tb| tb-|slate|ideatab|iconia|transformer|tablet|\
    kfth|kftt|kfot|kfjw|kfso|kfap|kfar|kfas|kfsa|kfme|kffo|kfgi|kfau|kfdo|kfsu|kfka|kfmu|kfon|kftr|kfma|kfqu|\
    kfra|kfsn|kfta|kftu|hudl|nook|bntv| mid|/apad|t-mobile revvl tab|venue 7|venue 8|venue 10";

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        (CONSOLE, Says::Console),
        (TV, Says::Tv),
        (TABLET, Says::Tablet),
        ("android", Says::Android),
        (PHONE, Says::Phone),
        ("mobile", Says::Mobile),
        (DESKTOP, Says::Desktop),
    ])
});
static MODELS: LazyLock<Words> = LazyLock::new(|| Words::new(&[(TV_MODELS, Says::Tv), (TABLET_MODELS, Says::Tablet)]));

struct Words {
    words: AhoCorasick,
    says: Vec<Says>,
}

impl Words {
    fn new(groups: &[(&str, Says)]) -> Self {
        let words = groups.iter().flat_map(|(words, _)| words.split('|'));
        Self {
            words: AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("words make an automaton"),
            says: groups.iter().flat_map(|(words, says)| words.split('|').map(|_| *says)).collect(),
        }
    }

    fn all<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Says> + 'a {
        self.words.find_overlapping_iter(text).map(|found| self.says[found.pattern().as_usize()])
    }
}

/// `desktop`, `phone`, `tablet`, `tv` or `console`; `None` if no word tells.
pub(super) fn kind(text: &str) -> Option<&'static str> {
    Some(match WORDS.all(text).min()? {
        Says::Console => "console",
        Says::Tv => "tv",
        Says::Tablet => "tablet",
        Says::Android => android(text),
        Says::Phone | Says::Mobile => "phone",
        Says::Desktop => "desktop",
    })
}

/// A model's word decides; without one, what is no `Mobile` is a tablet, as Android's makers ask browsers to say it.
fn android(text: &str) -> &'static str {
    let start = text.to_ascii_lowercase().find("android").unwrap_or_default();
    let end = text[start..].find(" AppleWebKit").map_or(text.len(), |length| start + length);
    match MODELS.all(&text[start..end]).min() {
        Some(Says::Tv) => "tv",
        Some(_) => "tablet",
        None if !text.starts_with("Mozilla/")
            || WORDS.all(text).any(|says| matches!(says, Says::Phone | Says::Mobile)) =>
        {
            "phone"
        }
        None => "tablet",
    }
}
