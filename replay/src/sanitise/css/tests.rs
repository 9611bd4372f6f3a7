use super::*;

use proptest::prelude::*;

fn kept(url: &str) -> Option<String> {
    ["https://shop.example/a.png", "/assets/1"].contains(&url).then(|| "/assets/1".to_owned())
}

fn clean(css: &str) -> String {
    clean_css(css, None, &kept).0
}

#[test]
fn what_loads_nothing_is_left_as_it_was() {
    for css in [
        "a:hover>b~c+d{color:#fff;margin:-1.5e3px +.5em 0;width:calc(100% - (2*var(--gap)))}",
        "@media (min-width:400px) and (400px<=width<600px){.a\\:b[data-x=\"1\" i]{content:\"\\201c\"}}",
        "@font-face{font-family:\"A\";unicode-range:U+0025-00FF,u+4??;src:local(\"A\")}",
        "@keyframes k{from{opacity:0}to{opacity:1!important}}",
        "@supports (display:grid){:is(a,b):not(:nth-child(2n + 1))::before{grid-template:\"a b\" 1fr/auto}}",
        "a{background:linear-gradient(0deg,rgb(0 0 0/50%),transparent)}",
        ".\\31 0\\%{--x:{a:b};transform:translate(-50%,10PX)}",
    ] {
        assert_eq!(clean_css(css, None, &kept), (css.replace("\\201c", "\u{201c}"), 0), "{css}");
    }
}

#[test]
fn only_addresses_of_assets_are_left() {
    let gone = "url(\"data:,\")";
    for (css, left) in [
        ("url(https://shop.example/a.png)", "url(\"/assets/1\")"),
        ("image-set(a\"/assets/1\")", "image-set(a/**/url(\"/assets/1\"))"),
        ("image-set(\\31 \"/assets/1\")", "image-set(\\31 /**/url(\"/assets/1\"))"),
        ("image-set(a\\(\"/assets/1\")", "image-set(a\\(/**/url(\"/assets/1\"))"),
        ("image-set(a\\,\"/assets/1\",\"/assets/1\")", "image-set(a\\,/**/url(\"/assets/1\"),url(\"/assets/1\"))"),
        ("url( 'https://shop.example/a.png' )", "url(\"/assets/1\")"),
        ("url(//evil.example/a.png)", gone),
        ("u\\72l(//evil.example/)", gone),
        ("\\000075\nrl(//evil.example/)", gone),
        ("URL(\"//evil.example/\" x())", gone),
        ("url(var(--x))", "/**//**/"),
        ("url(//evil.example/ x)", "/**/"),
        ("url(//evil.example/", gone),
        ("url(\"//evil.example/", gone),
        ("url(#a)", "url(\"#a\")"),
        ("url(data:image/gif;base64,R0)", "url(\"data:image/gif;base64,R0\")"),
        ("url(data:text/css,a)", gone),
        ("image-set(\"//evil.example/\" 1x)", "image-set(url(\"data:,\") 1x)"),
        ("image-set(\"/assets/1\" type(\"image/png\"))", "image-set(url(\"/assets/1\") type(\"image/png\"))"),
        ("-webkit-image-set(var(--x) 1x)", "-webkit-image-set(/**/ 1x)"),
        ("image-set((\"//evil.example/\") 1x)", "image-set((url(\"data:,\")) 1x)"),
        ("src(\"//evil.example/\")", "/**/"),
        ("image(\"//evil.example/\")", "/**/"),
        ("attr(data-x type(<image>))", "/**/"),
        ("attr(data-x)", "attr(data-x)"),
        ("expression(alert(1))", "/**/"),
        ("--own(1)", "/**/"),
    ] {
        assert_eq!(clean(css), left, "{css}");
        assert_eq!(clean(&format!("a{{b:{css}")), format!("a{{b:{left}}}"), "{css}");
        assert_eq!(clean(&format!("--x:{css}")), format!("--x:{left}"), "{css}");
    }
}

#[test]
fn rules_that_load_leave_their_place() {
    for (css, left) in [
        ("@import \"//evil.example/\";a{}", "@media not all{}a{}"),
        ("@IMPORT url(//evil.example/) layer(a) screen;a{}", "@media not all{}a{}"),
        ("@\\69mport '//evil.example/'", "@media not all{}"),
        ("@namespace url(//evil.example/);a{}", "@media not all{}a{}"),
        ("@document url(//evil.example/){a{}}b{}", "@media not all{}b{}"),
        ("@charset \"utf-8\";a{}", "/**/a{}"),
        ("@unknown (x;{y}) z{a{}} b{}", "@media not all{} b{}"),
        ("a{@import 'x'}b{}", "a{@media not all{}}b{}"),
    ] {
        assert_eq!(clean(css), left, "{css}");
    }
}

/// What passed over a block must not be copied with what stands behind it.
#[test]
fn what_is_gone_is_gone_whole() {
    assert_eq!(clean("paint(url(//evil.example/))1px"), "/**/1px");
    assert_eq!(clean("@x{url(//evil.example/)}1px"), "@media not all{}1px");
    let deep = format!("{}url(//evil.example/){}1px", "(".repeat(CSS_DEPTH_MAX + 1), ")".repeat(CSS_DEPTH_MAX + 1));
    assert_eq!(clean(&deep), format!("{}{}1px", "(".repeat(CSS_DEPTH_MAX + 1), ")".repeat(CSS_DEPTH_MAX + 1)));
}

#[test]
fn what_is_left_is_whole() {
    for (css, left) in [
        ("a{b:\"c", "a{b:\"c\"}"),
        ("a{b:(c[d", "a{b:(c[d])}"),
        ("a{}}b{}", "a{}/**/b{}"),
        ("a/* b", "a/**/"),
        ("a:\"b\nc", "a:/**/ c"),
        ("a\\\n", "a/**/ "),
        ("<!--a -->", "/**/a /**/"),
        ("\\-->", "\\-->"),
        ("'</style>'", "\"<\\/style>\""),
        ("</style>", "< /style>"),
    ] {
        assert_eq!(clean(css), left, "{css}");
    }
}

#[test]
fn relative_addresses_are_those_of_the_sheet() {
    let base = Url::parse("https://shop.example/css/app.css").unwrap();
    assert_eq!(clean_css("url(../a.png)", Some(&base), &kept).0, "url(\"/assets/1\")");
}

#[test]
fn many_long_addresses_do_not_make_it_long() {
    let address = "/assets/".to_owned() + &"f".repeat(1000);
    let css = "url(a)".repeat(100_000);
    let (clean, _) = clean_css(&css, None, &|_: &str| Some(address.clone()));
    assert!(clean.len() <= CSS_GROWTH_MAX * css.len() + css.len() + CSS_ADDRESS_BYTES_FREE, "{}", clean.len());
}

/// Tokens that matter here, and others between them.
fn any_css() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "url(",
            "URL(\"",
            "u\\72 l(",
            "@import ",
            "@media ",
            "@font-face",
            "image-set(",
            "src(",
            "attr(",
            "var(--x)",
            "//evil.example/",
            "/assets/1",
            "#a",
            "data:image/png,a",
            "\"",
            "'",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ";",
            ":",
            ",",
            "/*",
            "*/",
            "<!--",
            "-->",
            "<",
            "/",
            "\\",
            "\n",
            " ",
            "\u{0}",
            "-",
            "--",
            "@",
            "#",
            "1e3",
            "1\\65 3",
            "1e",
            "%",
            "U+4??",
            "é",
            "\u{1}",
            "\u{7f}",
            "!",
            "calc(",
            "a",
            "\\31 ",
            "</",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn cleaning_twice_changes_nothing(css in any_css()) {
        let once = clean(&css);
        prop_assert_eq!(clean(&once), once);
    }

    #[test]
    fn length_is_bounded(css in any_css()) {
        let bound = (CSS_GROWTH_MAX + 1) * css.len() + GONE_RULE.len();
        prop_assert!(clean(&css).len() <= bound);
    }

    /// What stands in two texts of one element is read as one sheet.
    #[test]
    fn texts_side_by_side_stay_apart(one in any_css(), other in any_css()) {
        let text = |css: &str| clean_text(css, &kept).0;
        let together = text(&one) + &text(&other);
        prop_assert_eq!(clean_css(&together, None, &kept).1, 0, "{}", together);
    }
}

#[test]
fn an_open_popover_is_known_by_its_style() {
    let open = "[popover]:where([style$=\"!important\"])";
    assert_eq!(clean("#a:popover-open b{}"), format!("#a{open} b{{}}"));
    assert_eq!(clean("p:not(:Popover-Open){}"), format!("p:not({open}){{}}"));
    assert_eq!(
        clean("a::popover-open{}.popover-open{}.a\\:popover-open{}"),
        "a::popover-open{}.popover-open{}.a\\:popover-open{}"
    );
    // As the recorder writes it.
    assert_eq!(clean("color:red;display:block !important"), "color:red;display:block !important");
}
