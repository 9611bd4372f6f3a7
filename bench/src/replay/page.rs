//! Pages of an invented shop, as a recorder tells them: the document, and what happens to it. Data of rrweb's events.

use serde_json::{Value, json};

use crate::traffic::chance::Chance;

/// rrweb's types of nodes.
const DOCUMENT: u8 = 0;
const DOCTYPE: u8 = 1;
const ELEMENT: u8 = 2;
const TEXT: u8 = 3;
/// rrweb's sources of incremental snapshots.
const MUTATION: u8 = 0;
const SCROLL: u8 = 3;

pub(super) const VIEWPORT: [u32; 2] = [1280, 720];
/// Height of a card.
const CARD_PX: u32 = 180;
/// Cards that a list gets at once, as when somebody asks for more.
const MORE_CARDS: usize = 4;
const DOCUMENT_ID: u64 = 1;

const WORDS: &[&str] = &[
    "box",
    "attic",
    "storage",
    "collected",
    "insured",
    "weekly",
    "month",
    "small",
    "large",
    "cellar",
    "shelf",
    "moving",
    "winter",
    "skis",
    "books",
    "piano",
    "driver",
    "stairs",
    "lift",
    "weekend",
    "price",
    "quote",
    "dry",
    "clean",
    "guarded",
    "keys",
    "return",
    "parcel",
    "label",
    "paper",
    "blanket",
    "frame",
    "mirror",
    "bicycle",
    "tyres",
    "summer",
    "garden",
    "chairs",
    "table",
    "lamp",
];

/// An open page: its nodes have numbers, by which its changes name them.
pub(super) struct Page {
    chance: Chance,
    next_id: u64,
    list: u64,
    cards: Vec<Card>,
}

#[derive(Clone, Copy)]
struct Card {
    element: u64,
    price: u64,
}

impl Page {
    /// A page of so many cards, with a style sheet of that address; and its document.
    pub(super) fn open(seed: u64, cards: usize, sheet: &str) -> (Self, Value) {
        let mut page = Self { chance: Chance::new(seed), next_id: DOCUMENT_ID + 1, list: 0, cards: Vec::new() };
        let head = page.head(sheet);
        let header = page.header();
        let cards = (0..cards).map(|_| page.card()).collect();
        let list = page.element("section", json!({"class": "cards", "aria-label": "▒▒▒▒▒"}), cards);
        page.list = list["id"].as_u64().unwrap_or_default();
        let words = page.paragraph("▒", 40);
        let footer = page.element("footer", json!({"class": "foot"}), vec![words]);
        let main = page.element("main", json!({"id": "main", "tabindex": "-1"}), vec![list]);
        let body = page.element("body", json!({"class": "shop"}), vec![header, main, footer]);
        let html = page.element("html", json!({"lang": "en"}), vec![head, body]);
        let doctype = json!({"type": DOCTYPE, "id": page.id(), "name": "html", "publicId": "", "systemId": ""});
        let document = json!({"type": DOCUMENT, "id": DOCUMENT_ID, "childNodes": [doctype, html]});
        (page, document)
    }

    /// Nodes that it has had.
    pub(super) fn nodes(&self) -> u64 {
        self.next_id - 1
    }

    /// Something happens: mostly somebody scrolls, and what comes into sight changes.
    pub(super) fn change(&mut self) -> Value {
        let card = self.cards[self.chance.popular(self.cards.len())];
        match self.chance.whole(0, 19) {
            0..10 => {
                let y = self.chance.whole(0, self.cards.len() as u32 / 3 * CARD_PX);
                json!({"source": SCROLL, "id": DOCUMENT_ID, "x": 0, "y": y})
            }
            10..14 => mutation(json!({"texts": [{"id": card.price, "value": self.price()}]})),
            14..19 => {
                let class = if self.chance.hit(0.5) { "card seen" } else { "card chosen" };
                mutation(json!({"attributes": [{"id": card.element, "attributes": {"class": class}}]}))
            }
            _ => {
                let list = self.list;
                let mut adds = Vec::new();
                (0..MORE_CARDS).for_each(|_| add(&mut adds, list, self.card()));
                mutation(json!({"adds": adds}))
            }
        }
    }

    fn head(&mut self, sheet: &str) -> Value {
        let title = self.text(4);
        let title = self.element("title", json!({}), vec![title]);
        let link = self.element("link", json!({"rel": "stylesheet", "href": sheet}), Vec::new());
        let meta = self.element("meta", json!({"name": "viewport", "content": "width=device-width"}), Vec::new());
        self.element("head", json!({}), vec![meta, title, link])
    }

    fn header(&mut self) -> Value {
        let links = (0..6).map(|number| {
            let text = self.text(1);
            self.element(
                "a",
                json!({"class": "nav-link", "href": format!("https://shop.example/{number}?page=")}),
                vec![text],
            )
        });
        let links = links.collect();
        let nav = self.element("nav", json!({"class": "nav", "aria-label": "▒▒▒▒"}), links);
        let field = json!({"type": "search", "class": "search", "placeholder": "▒▒▒▒▒▒", "rr_width": "220px"});
        let search = self.element("input", field, Vec::new());
        self.element("header", json!({"class": "site"}), vec![nav, search])
    }

    /// Thirteen nodes.
    fn card(&mut self) -> Value {
        let points: Vec<String> = (0..6).map(|_| self.chance.whole(0, 480).to_string()).collect();
        let path = json!({"d": format!("M{}z", points.join(" ")), "fill": "currentColor"});
        let path = self.drawn("path", path, Vec::new());
        let icon = self.drawn(
            "svg",
            json!({"viewBox": "0 0 480 480", "class": "card-icon", "aria-hidden": "true"}),
            vec![path],
        );
        let title = self.text(3);
        let title = self.element("h3", json!({"class": "card-title"}), vec![title]);
        let words = self.paragraph("card-text", 14);
        let price = json!({"type": TEXT, "id": self.id(), "textContent": self.price()});
        let price_id = self.next_id - 1;
        let price = self.element("p", json!({"class": "card-price", "data-currency": "▒▒▒"}), vec![price]);
        let button = self.text(2);
        let button = self.element("button", json!({"type": "button", "class": "primary small"}), vec![button]);
        let address = format!("https://shop.example/box/{}?size=", self.chance.whole(1, 4_000));
        let link = self.element("a", json!({"class": "card-link", "href": address}), vec![icon, title]);
        let card = self.element("article", json!({"class": "card"}), vec![link, words, price, button]);
        self.cards.push(Card { element: self.next_id - 1, price: price_id });
        card
    }

    fn paragraph(&mut self, class: &str, words: usize) -> Value {
        let text = self.text(words);
        self.element("p", json!({"class": class}), vec![text])
    }

    fn price(&mut self) -> String {
        format!("{}.{:02} €", self.chance.whole(3, 999), self.chance.whole(0, 99))
    }

    fn text(&mut self, words: usize) -> Value {
        let words: Vec<&str> = (0..words).map(|_| *self.chance.pick(WORDS)).collect();
        json!({"type": TEXT, "id": self.id(), "textContent": words.join(" ")})
    }

    fn element(&mut self, tag: &str, attributes: Value, children: Vec<Value>) -> Value {
        json!({"type": ELEMENT, "id": self.id(), "tagName": tag, "attributes": attributes, "childNodes": children})
    }

    /// An element of SVG.
    fn drawn(&mut self, tag: &str, attributes: Value, children: Vec<Value>) -> Value {
        let mut element = self.element(tag, attributes, children);
        element["isSVG"] = true.into();
        element
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }
}

/// A mutation of what is said, and of nothing else.
fn mutation(said: Value) -> Value {
    let mut data = json!({"source": MUTATION, "texts": [], "attributes": [], "removes": [], "adds": []});
    if let (Value::Object(data), Value::Object(said)) = (&mut data, said) {
        data.extend(said);
    }
    data
}

/// Adds a node at the end of a parent, and its children after it: each by itself, as rrweb wants them.
fn add(adds: &mut Vec<Value>, parent: u64, mut node: Value) {
    let children = node["childNodes"].take();
    let id = node["id"].as_u64().unwrap_or_default();
    if children.is_array() {
        node["childNodes"] = json!([]);
    } else if let Value::Object(node) = &mut node {
        node.remove("childNodes");
    }
    adds.push(json!({"parentId": parent, "nextId": null, "node": node}));
    if let Value::Array(children) = children {
        children.into_iter().for_each(|child| add(adds, id, child));
    }
}

/// A style sheet of so many rules, which say something of every element.
pub(super) fn style_sheet(rules: usize) -> String {
    const OF_THE_PAGE: &str = ".cards{display:grid;grid-template-columns:repeat(3,1fr);gap:16px}.card{border:1px solid #e6ded2;border-radius:14px;\
        padding:16px;background:#fff}.card.seen{background:#faf7f2}.card.chosen{outline:2px solid #b4532a}.card-icon{width:96px;height:96px}\
        .card-title{font:600 18px/1.3 system-ui}.card-price{color:#b4532a}.primary{background:#b4532a;color:#fff;border:0;padding:8px 16px}\
        .primary:hover{filter:brightness(1.1)}.site{display:flex;gap:24px;padding:16px;background:#fff}.nav-link{margin-right:12px}\n";
    let mut css = OF_THE_PAGE.to_owned();
    for number in 0..rules {
        let (space, colour) = (number % 64, number * 7_919 % 0x00ff_ffff);
        css += &format!(".u-{number}>.v-{}:hover,.w-{number} a{{margin:{space}px;color:#{colour:06x}}}\n", number % 97);
    }
    css
}
