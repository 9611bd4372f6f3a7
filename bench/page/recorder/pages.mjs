// The pages on which recorders are compared, as documents. They stand still until an event `bench-change`.

const times = (count, part) => Array.from({ length: count }, (_, n) => part(n)).join('');

const rules = (count) =>
  `<style>${times(count, (n) => `.c${n} .d${n % 7} { color: rgb(${n % 255}, 0, 0); padding: ${n % 9}px; margin: 0 ${n % 5}px }\n`)}</style>`;

const cards = (count) =>
  times(
    count,
    (n) =>
      `<article class="card c${n}" data-id="${n}"><a href="/p/${n}" title="Box ${n}"><img alt="Box" width="10" height="10"><h3>Box number ${n}</h3></a>` +
      `<p class="price">${n}.20</p><button type="button" aria-label="Add">Add</button></article>`,
  );

const COLUMNS = 10;
const table = (rows) =>
  `<table>${times(rows, (row) => `<tr>${times(COLUMNS, (column) => `<td class="x">${row} ${column}</td>`)}</tr>`)}</table>`;

/** Each tenth of a second 20 nodes of 200: the next text, class, node in place of another, or style. */
const CHANGING = `<div id="box">${times(200, (n) => `<p class="a">n ${n}</p>`)}</div>
<script>
  addEventListener('bench-change', () => {
    const nodes = document.getElementById('box').children;
    let n = 0;
    setInterval(() => {
      for (let i = 0; i < 20; i++) {
        const node = nodes[(n * 7 + i) % nodes.length];
        const kind = n++ % 4;
        if (kind === 0) node.firstChild.data = 'n ' + n;
        else if (kind === 1) node.className = 'b' + (n % 5);
        else if (kind === 2) {
          const other = document.createElement('p');
          other.textContent = 'new ' + n;
          node.replaceWith(other);
        } else node.style.marginLeft = (n % 9) + 'px';
      }
    }, 100);
  });
</script>`;

/**
 * `goals`: how much of rrweb's time of the main thread ours may take, for the snapshot and for changes. `whole`: false where the
 * page has more nodes than ours records.
 */
const PAGES = {
  shop: { title: 'shop: 2,500 rules, 120 products', body: () => rules(2500) + cards(120), goals: { snapshot: 1 / 2 } },
  table: { title: 'table of 44,000 nodes', body: () => table(2100), goals: { snapshot: 1 / 4 } },
  large: { title: 'table of 140,000 nodes (¹)', body: () => table(6600), goals: {} },
  rules: { title: '20,000 rules, 40 products', body: () => rules(20_000) + cards(40), goals: {} },
  changing: { title: 'a page that changes 200 nodes a second', body: () => CHANGING, goals: { changes: 1 / 2 } },
};

export const RECORDED_PAGES = Object.keys(PAGES);
export const pageNamed = (name) => PAGES[name];

/** The document of a page; `mark` is where the script tags of a subject go. */
export const documentOf = (name, mark) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${mark}${PAGES[name].body()}</html>`;
