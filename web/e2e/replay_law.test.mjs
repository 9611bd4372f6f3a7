// What a recording owes the page and the person: no policy is violated, and nothing private is in any byte that leaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.mjs';
import { chunksIn } from './frames.mjs';
import { open, server } from './tried_site.mjs';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; " +
  "require-trusted-types-for 'script'; trusted-types customer-telemetry";

const pageViews = () => [
  ...new Set(server.posts.flatMap(({ frames }) => frames.map(({ header }) => header.page_view_id))),
];
const chunks = () =>
  pageViews().flatMap((id) =>
    chunksIn(
      server.posts.flatMap(({ frames }) => frames),
      id,
    ),
  );
/** Everything that left of recordings, inflated. */
const text = () =>
  chunks()
    .map(({ header, text }) => JSON.stringify(header) + text)
    .join('\n');
const kinds = () => chunks().map(({ header }) => header.kind);
const script = (body) => ({ type: 'text/javascript', body });

async function recorded(page, files, headers = {}) {
  server.page = page;
  Object.assign(server.files, files);
  server.headers = headers;
  Object.assign(server.attributes, { 'data-ct-replay': 'always', 'data-ct-endpoint': server.url });
  return open('/user?token=zqakanarie#zqbkanarie');
}

test('a page with the strictest policy, whose styles are animated, is recorded without a violation', async () => {
  const files = {
    '/style.css': { type: 'text/css', body: '#box{color:rgb(1,2,3)}' },
    '/act.js': script(`window.violated = [];
      addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) => violated.push(violatedDirective + ' ' + sourceFile));
      const box = document.getElementById('box');
      let n = 0;
      const step = () => {
        box.style.transform = 'translateX(' + (n++ % 50) + 'px)';
        box.style.cssText += ';color:rgb(' + n % 255 + ',0,0)';
        if (n % 20 === 0) document.styleSheets[0].insertRule('b{color:rgb(0,' + n % 255 + ',0)}');
        requestAnimationFrame(step);
      };
      step();`),
  };
  const body =
    '<link rel="stylesheet" href="/style.css"><div id="box">box</div><b>b</b><script src="/act.js"></script>';
  const { page, errors } = await recorded(body, files, { 'Content-Security-Policy': POLICY });
  await eventually(
    'a snapshot and changes of styles',
    () => /"style":"[^"]*translateX/.test(text()) && kinds().includes('mutations'),
  );
  assert.deepEqual(await page.evaluate(() => violated), []);
  assert.deepEqual(errors, []);
  assert.ok(/_cssText":"[^"]*#box ?\{ ?color/.test(text()), 'a linked sheet is there without the site');
});

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
const ODD = (w) => [
  `h1{background:url(/a b.png?who=${w})}`,
  `h1{background:u\\72l(/a.png?who=${w})}`,
  `h1{background:image-set("/a.png?who=${w}" 1x)}`,
  `h1[value/**/=${w}]{color:red}`,
  `h1{} words ${w}`,
  `<!-- ${w} --> h1{}`,
];

test('nothing private is in what is recorded, neither in the snapshot nor in what changes', async () => {
  const word = (n) => `zq${'abcdefghij'[n]}kanarie`;
  const mail = (n) => `${word(n)}@example.org`;
  const files = {
    '/act.js': script(`
      window.act = async () => {
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
        shown.textContent = 'All was done';
        document.body.append(shown);
        await frame(); await frame();
      };`),
  };
  const css = (path, body, cache) => {
    files[path] = (_, response) =>
      response.writeHead(200, { 'Content-Type': 'text/css', 'Cache-Control': cache }).end(body);
    return `<link rel="stylesheet" href="${path}?who=${word(9)}">`;
  };
  files['/more.css'] = { type: 'text/css', body: sheet(word(9), mail(9)).replace(/@import[^;]*;/, '') };
  const links =
    css('/kept.css', sheet(word(9), mail(9)), 'max-age=600') +
    ODD(word(9))
      .map((odd, number) => `${css(`/${number}.css`, odd, 'max-age=600')}<style>${odd}</style>`)
      .join('') +
    css('/not_kept.css', sheet(word(9), mail(9)), 'no-store');
  const body = `<title>${mail(4)}</title><style>p{color:red}b{color:red}i{color:red}</style><h1>Plain words</h1>${PLACES(word(2), mail(2))}${links}<div id="late"></div><script src="/act.js"></script>`;
  const { page, errors } = await recorded(body, files);
  await eventually('a snapshot', () => kinds().includes('snapshot'));
  await page.evaluate(() => act());
  await page.locator('input').first().pressSequentially('zqzkanarie');
  await page.locator('[contenteditable]').first().pressSequentially('zqzkanarie');
  await eventually('what changed', () => text().includes('All was done'));
  await page.evaluate(() => {
    document.body.append('The end');
    history.pushState(null, '', '/other');
  });
  await eventually('the end', () => chunks().some(({ header, text }) => header.final && text.includes('The end')));
  assert.deepEqual(errors, []);
  const all = text();
  assert.ok(all.includes('Plain words'));
  assert.ok(all.includes('h1{color:rgb(1,2,3)}'), 'a linked sheet by its file');
  assert.ok(all.includes('h1 { color: rgb(1, 2, 3); }'), 'and by its rules');
  assert.deepEqual(
    [...all.matchAll(/.{0,120}kanarie.{0,20}/gi)].map(([found]) => found),
    [],
  );
});
