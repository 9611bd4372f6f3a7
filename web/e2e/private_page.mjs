// A page that holds private words wherever a page may hold one, what changes them, and plain words beside them that may be told.

/** In every private word. */
export const PRIVATE = 'kanarie';
/** What anybody may know: in the snapshot, in a change, and in the last one. */
export const PLAIN = ['Plain words', 'All was done', 'The end'];

const word = (n) => `zq${'abcdefghij'[n]}${PRIVATE}`;
const mail = (n) => `${word(n)}@example.org`;

/** Places of a private word. `w` is seen whole by no mask of texts; `m` is an email with it. */
const PLACES = (w, m) => `
<p>write to ${m} soon</p><p>write to <b>${m.slice(0, 4)}</b><i>${m.slice(4)}</i></p><!-- ${w} -->
<input value="${w}"><input type="hidden" value="${w}"><input type="password" value="${w}"><textarea>${w}</textarea>
<input data-ct-unmask autocomplete="cc-number" value="${w}"><div data-ct-ignore><input data-ct-unmask value="${w}"></div>
<input type="checkbox" value="${w}"><label><input type="radio"> ${w}</label><label for="r-${w.length}">${w}</label><input type="radio" id="r-${w.length}">
<select><option value="${w}" label="${w}">${w}</select><datalist><option>${w}</datalist><output>${w}</output>
<div contenteditable><p title="${w}" data-x="${w}">${w}</p></div><div role="textbox">${w}</div><div class="cm-editor"><u>${w}</u></div>
<div data-ct-block title="${w}" id="${w}">${w}<p class="${w}">${w}</p></div>
<img title="${m}" alt="${m}" aria-label="${m}" data-user="${m}" name="${m}" src="/a.png?who=${w}" srcset="/b.png?who=${w} 2x">
<input placeholder="${m}"><a href="/a?b=${w}#${w}" ping="/p?${w}" onclick="'${w}'">a</a><a href="mailto:${m}">b</a><form action="/f?who=${w}"></form>
<iframe srcdoc="<title>${m}</title><p>${m}</p><input value='${w}'><div data-ct-block>${w}</div>"></iframe>
<svg><title>${m}</title><text>${m}</text><a href="/s?who=${w}"><text>x</text></a></svg>
<x-box><template shadowrootmode="open"><style>p::after{content:"${w}"}</style><p title="${m}">${m}</p><input value="${w}"></template></x-box>
<template>${w}</template><noscript>${w}</noscript><meta name="description" content="${w}">
<style>p::before{content:"${w}"}[value="${w}"]{color:red}a[href*="${m}"]{color:red}p{background:url(/c.png?who=${w});--said:"${w}"}/* ${w} */</style>
<p style="--said:'${w}';background:url(/d.png?who=${w})">styled</p><object data="/o?${w}"></object><video poster="/v?${w}"></video>
<img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Ctext%3E${w}%3C/text%3E%3C/svg%3E">`;

/** The same in a file of a style sheet: as its author may write it, and as a browser would not say it. */
const sheet = (w, m) => `@import "/more.css?who=${w}";/* ${w} */
p::before{content:"${w}"}p::after{content:'\\7a ${w.slice(1)}'}[value="${w}"],[value=${w}],[data-x="${m}" i]{color:red}
a[href*="${m}"]{color:red}p{background:url(/c.png?who=${w});--said:"${w}";background:URL( '/c.png?who=${w}' )}
@media (min-width:1px){@import "/late.css?who=${w}";p{background:url("/d.png?who=${w}")}}
@font-face{font-family:X;src:url(/x.woff2?who=${w}) format("woff2")}h1{color:rgb(1,2,3)}`;
/** Of each of these the browser is asked. */
const ODD = [
  `h1{background:url(/a b.png?who=${word(9)})}`,
  `h1{background:u\\72l(/a.png?who=${word(9)})}`,
  `h1{background:image-set("/a.png?who=${word(9)}" 1x)}`,
  `h1[value/**/=${word(9)}]{color:red}`,
  `h1{} words ${word(9)}`,
  `<!-- ${word(9)} --> h1{}`,
];

/** Where the page is. */
export const PATH = `/user?token=${word(0)}#${word(1)}`;

const ACT = `window.act = async () => {
  document.title = '${mail(5)}';
  const box = document.getElementById('late');
  box.setHTMLUnsafe(${JSON.stringify(PLACES(word(3), mail(3)))});
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await frame(); await frame();
  const [p, input] = [document.querySelector('p'), document.querySelector('input')];
  p.firstChild.data = 'now ${mail(6)}';
  for (const name of ['title', 'alt', 'data-a', 'aria-label', 'placeholder']) p.setAttribute(name, '${mail(6)}');
  for (const name of ['value', 'onclick', 'srcdoc']) p.setAttribute(name, '${word(6)}');
  p.setAttribute('style', 'background:url(/e.png?who=${word(6)})');
  input.value = '${word(6)}';
  document.querySelector('textarea').value = '${word(6)}';
  document.querySelector('option').textContent = '${word(6)}';
  document.querySelector('[data-ct-block]').append('${word(6)}');
  document.querySelector('[contenteditable]').append('${word(6)}');
  document.querySelector('iframe').contentDocument.body.append('${mail(6)}');
  document.querySelector('x-box').shadowRoot.append('${mail(6)}');
  document.styleSheets[0].insertRule('p::after{content:"${word(7)}"}');
  document.styleSheets[0].insertRule('[value^="${word(7)}"]{color:red}');
  document.styleSheets[0].cssRules[2].style.setProperty('--x', '"${word(7)}"');
  const sheet = new CSSStyleSheet();
  sheet.replaceSync('i::after{content:"${word(8)}"}[value="${word(8)}"]{color:red}');
  document.adoptedStyleSheets = [sheet];
  const shown = document.createElement('h2');
  shown.textContent = '${PLAIN[1]}';
  document.body.append(shown);
  await frame(); await frame();
};`;

const SHEETS = {
  '/kept.css': [sheet(word(9), mail(9)), 'max-age=600'],
  ...Object.fromEntries(ODD.map((odd, number) => [`/${number}.css`, [odd, 'max-age=600']])),
  '/not_kept.css': [sheet(word(9), mail(9)), 'no-store'],
};
const LINKS = Object.keys(SHEETS).map((path) => `<link rel="stylesheet" href="${path}?who=${word(9)}">`);

/** What the page asks for: { type, body, cache } by path. */
export const FILES = {
  '/act.js': { type: 'text/javascript', body: ACT },
  '/more.css': { type: 'text/css', body: sheet(word(9), mail(9)).replace(/@import[^;]*;/, '') },
  ...Object.fromEntries(
    Object.entries(SHEETS).map(([path, [body, cache]]) => [path, { type: 'text/css', body, cache }]),
  ),
};

/** The page, but for the SDK's script. */
export const BODY = `<title>${mail(4)}</title><style>p{color:red}b{color:red}i{color:red}</style><h1>${PLAIN[0]}</h1>${PLACES(word(2), mail(2))}${LINKS.join('')}${ODD.map((odd) => `<style>${odd}</style>`).join('')}<div id="late"></div><script src="/act.js"></script>`;

/** Changes all that is private, and types. */
export async function change(page) {
  await page.evaluate(() => act());
  await page.locator('input').first().pressSequentially(`zqz${PRIVATE}`);
  await page.locator('[contenteditable]').first().pressSequentially(`zqz${PRIVATE}`);
}

/** The page view ends, and another one begins. */
export const leave = (page) =>
  page.evaluate((last) => {
    document.body.append(last);
    history.pushState(null, '', '/other');
  }, PLAIN[2]);
