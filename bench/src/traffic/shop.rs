//! The shop that the visitors use: some 200 pages of 40 elements each, always the same whatever the seed.

use super::chance::Chance;
use super::json;

/// Elements of every page.
const ELEMENTS_PER_PAGE: usize = 40;
const CATEGORIES: usize = 14;
const PRODUCTS: usize = 170;
/// The shop is part of the fixture, not of the chance of a run.
const SHOP_SEED: u64 = 0x5109;
/// Height of a row of elements in the layout, CSS pixels.
const ROW_PX: f64 = 72.0;

const ADJECTIVES: &[&str] =
    &["Sturdy", "Folding", "Printed", "Recycled", "Double-walled", "Flat", "White", "Brown", "Small", "Long"];
const NOUNS: &[&str] = &["box", "carton", "mailer", "crate", "tube", "bag", "pallet", "wrap", "label", "tape"];
const WORDS: &[&str] = &[
    "delivery",
    "sizes",
    "quantity",
    "discount",
    "reviews",
    "details",
    "compare",
    "samples",
    "returns",
    "colours",
    "material",
    "insurance",
];

/// What one does with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Link,
    Button,
    /// Looks like a button, does nothing.
    DeadButton,
    TextField,
    ComboBox,
    CheckBox,
    /// Text or picture.
    Plain,
}

/// One element: its JSON is rendered once, since the layout is fixed.
pub(super) struct Element {
    pub kind: Kind,
    /// The value of `"element"` in an event.
    pub json: String,
    /// Middle of the element, CSS pixels from the top left of the page.
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    Home,
    Category,
    Product,
    Search,
    Cart,
    Checkout,
    Other,
}

pub(super) struct Page {
    pub kind: PageKind,
    pub path: String,
    pub title: String,
    pub elements: Vec<Element>,
}

pub(super) struct Shop {
    pub pages: Vec<Page>,
}

impl Shop {
    pub(super) fn new() -> Self {
        let mut chance = Chance::new(SHOP_SEED);
        let mut addresses = vec![(PageKind::Home, "/".to_owned(), "Boxes and more".to_owned())];
        for index in 0..CATEGORIES {
            let name = format!("{} {}s", ADJECTIVES[index % ADJECTIVES.len()], NOUNS[index * 3 % NOUNS.len()]);
            addresses.push((PageKind::Category, format!("/category/{}", slug(&name, index)), name));
        }
        for index in 0..PRODUCTS {
            let name = format!("{} {}", chance.pick(ADJECTIVES), chance.pick(NOUNS));
            addresses.push((PageKind::Product, format!("/product/{}", slug(&name, 1_000 + index)), name));
        }
        for (kind, path, title) in [
            (PageKind::Search, "/search", "Search"),
            (PageKind::Cart, "/cart", "Your cart"),
            (PageKind::Checkout, "/checkout/address", "Delivery address"),
            (PageKind::Checkout, "/checkout/payment", "Payment"),
            (PageKind::Other, "/checkout/done", "Thank you"),
            (PageKind::Other, "/account", "Your account"),
            (PageKind::Other, "/account/orders", "Your orders"),
            (PageKind::Other, "/help/delivery", "Delivery"),
            (PageKind::Other, "/help/returns", "Returns"),
            (PageKind::Other, "/help/contact", "Contact"),
            (PageKind::Other, "/blog", "Packing notes"),
            (PageKind::Other, "/about", "About us"),
        ] {
            addresses.push((kind, path.to_owned(), title.to_owned()));
        }
        let pages = addresses.into_iter().map(|(kind, path, title)| Page {
            elements: (0..ELEMENTS_PER_PAGE).map(|index| element(&mut chance, kind, index)).collect(),
            kind,
            path,
            title,
        });
        Self { pages: pages.collect() }
    }

    /// A page of that kind, the popular ones more often.
    pub(super) fn page(&self, chance: &mut Chance, kind: PageKind) -> usize {
        let first = self.pages.iter().position(|page| page.kind == kind).expect("the shop has pages of every kind");
        let count = self.pages[first..].iter().take_while(|page| page.kind == kind).count();
        first + chance.popular(count)
    }
}

fn slug(name: &str, number: usize) -> String {
    format!("{}-{number}", name.to_lowercase().replace(' ', "-"))
}

/// The first elements of a page are the ones in the flow (most used); the later ones its surroundings.
fn element(chance: &mut Chance, page: PageKind, index: usize) -> Element {
    let kind = kind_at(chance, page, index);
    let word = *chance.pick(WORDS);
    let (tag, role, width, height) = match kind {
        Kind::Link => ("a", Some("link"), chance.between(60.0, 220.0), 24.0),
        Kind::Button | Kind::DeadButton => ("button", Some("button"), chance.between(80.0, 180.0), 36.0),
        Kind::TextField => ("input", Some("textbox"), 280.0, 34.0),
        Kind::ComboBox => ("select", Some("combobox"), 180.0, 34.0),
        Kind::CheckBox => ("input", Some("checkbox"), 18.0, 18.0),
        Kind::Plain => ("div", None, chance.between(120.0, 420.0), chance.between(40.0, 160.0)),
    };
    let (column, row) = (index % 4, index / 4);
    let left = (40.0 + column as f64 * 300.0 + chance.between(0.0, 16.0)).round();
    let top = (60.0 + row as f64 * ROW_PX + chance.between(0.0, 12.0)).round();
    let (width, height) = (width.round(), height.round());
    let id = index.is_multiple_of(5).then(|| format!("{word}-{index}"));
    let is_field = matches!(kind, Kind::TextField | Kind::ComboBox | Kind::CheckBox);
    let name = is_field.then(|| format!("{word}{index}"));
    let text = (!is_field).then(|| label(chance, kind, word));
    let path = path(tag, id.as_deref(), name.as_deref(), word, row);

    let mut rendered = String::with_capacity(180);
    rendered.push_str("{\"path\":");
    json::string(&mut rendered, &path);
    rendered.push_str(",\"tag\":");
    json::string(&mut rendered, tag);
    for (field, value) in [("id", &id), ("name", &name), ("role", &role.map(str::to_owned)), ("text", &text)] {
        rendered.push_str(&format!(",\"{field}\":"));
        json::optional(&mut rendered, value.as_deref());
    }
    rendered.push_str(",\"rect\":");
    json::numbers(&mut rendered, &[left, top, width, height]);
    rendered.push('}');
    Element { kind, json: rendered, x: left + width / 2.0, y: top + height / 2.0, width, height }
}

fn kind_at(chance: &mut Chance, page: PageKind, index: usize) -> Kind {
    let form = matches!(page, PageKind::Checkout);
    match index {
        0 => Kind::Button,
        1 if form => Kind::TextField,
        1 => Kind::Link,
        2 if matches!(page, PageKind::Product | PageKind::Checkout) => Kind::ComboBox,
        3..=8 if form => Kind::TextField,
        3 if matches!(page, PageKind::Search | PageKind::Home) => Kind::TextField,
        4 => Kind::ComboBox,
        9 => Kind::CheckBox,
        11 if matches!(page, PageKind::Product) => Kind::DeadButton,
        _ => *chance.weighted(&[(0.45, Kind::Plain), (0.35, Kind::Link), (0.2, Kind::Button)]),
    }
}

fn label(chance: &mut Chance, kind: Kind, word: &str) -> String {
    match kind {
        Kind::Link => format!("{} {}", chance.pick(ADJECTIVES), chance.pick(NOUNS)),
        Kind::Plain => {
            format!("{} {} with {word} and {}", chance.pick(ADJECTIVES), chance.pick(NOUNS), chance.pick(WORDS))
        }
        _ => format!("Show {word}"),
    }
}

fn path(tag: &str, id: Option<&str>, name: Option<&str>, word: &str, row: usize) -> String {
    match (id, name) {
        (Some(id), _) => format!("main>section.{word}>{tag}#{id}"),
        (None, Some(name)) => format!("main>form>fieldset>{tag}[name={name}]"),
        (None, None) => format!("main>section.{word}>ul>li:nth-child({})>{tag}", row + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_two_hundred_pages_of_forty_elements() {
        let shop = Shop::new();
        assert_eq!(shop.pages.len(), 1 + CATEGORIES + PRODUCTS + 12);
        for page in &shop.pages {
            assert_eq!(page.elements.len(), ELEMENTS_PER_PAGE);
            for element in &page.elements {
                serde_json::from_str::<serde_json::Value>(&element.json).unwrap();
            }
        }
    }

    #[test]
    fn the_shop_is_always_the_same() {
        let (one, other) = (Shop::new(), Shop::new());
        let texts = |shop: &Shop| {
            shop.pages.iter().flat_map(|page| page.elements.iter().map(|e| e.json.clone())).collect::<Vec<_>>()
        };
        assert_eq!(texts(&one), texts(&other));
    }
}
