// What the page lets go, we let go: each thing is made, used by the visitor, removed, and collected as without us.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { open } from '../laboratory.mjs';
import { LATE_IS_THERE } from '../late.mjs';

/** How a thing is made and noted weakly, what the visitor does with it, and how it goes. */
const THINGS = {
  'an element under a resting pointer': {
    make: "const e = put('<div id=x style=\"width:300px;height:200px\">x</div>'); keep('element', e);",
    use: ({ mouse }) => mouse.move(50, 50),
    remove: "document.getElementById('x').remove();",
  },
  'a table of 1,000 rows after hovering': {
    make: `
      const rows = Array.from({ length: 1000 }, (_, n) => '<tr><td>' + n + '</td><td>more</td></tr>').join('');
      const e = put('<table id=x>' + rows + '</table>');
      keep('table', e); keep('row', e.rows[3]); keep('cell', e.rows[500].cells[1]);`,
    use: async ({ mouse }) => {
      for (let y = 10; y < 400; y += 15) await mouse.move(20, y);
      await mouse.wheel(0, 3000);
      for (let y = 10; y < 400; y += 40) await mouse.move(25, y);
      await mouse.wheel(0, -9000);
    },
    remove: "document.getElementById('x').remove();",
  },
  'a dialog with a form that was filled in': {
    make: `
      const e = put('<dialog id=x><form method=dialog><input id=i><select><option>a<option>b</select><button id=ok>ok</button></form></dialog>');
      e.showModal(); keep('dialog', e); keep('field', document.getElementById('i'));`,
    use: async (page) => {
      await page.fill('#i', 'text');
      await page.selectOption('select', 'b');
      await page.click('#ok');
      await page.mouse.click(900, 700);
    },
    remove: "document.getElementById('x').remove();",
  },
  'a component with a shadow root': {
    make: `
      const e = put('<div id=x></div>');
      e.attachShadow({ mode: 'open' }).innerHTML = '<button style="width:200px;height:100px">in</button><input>';
      keep('host', e); keep('inside', e.shadowRoot.firstChild); keep('root', e.shadowRoot);`,
    use: async ({ mouse, keyboard }) => {
      await mouse.click(60, 60);
      await keyboard.press('Tab');
      await keyboard.type('ab');
      await mouse.click(900, 700);
    },
    remove: "document.getElementById('x').remove();",
  },
  'a frame of the same origin': {
    make: `
      const e = put('<iframe id=x style="width:300px;height:200px"></iframe>');
      e.contentDocument.body.innerHTML = '<button style="width:200px;height:100px">in</button>';
      keep('frame', e); keep('its document', e.contentDocument); keep('its window', e.contentWindow);`,
    use: async ({ mouse }) => {
      await mouse.click(60, 60);
      await mouse.click(900, 700);
    },
    remove: "document.getElementById('x').remove();",
  },
  'a list that scrolled': {
    make: `const e = put('<div id=x style="overflow:auto;height:200px"><p style="height:4000px">long</p></div>'); keep('list', e);`,
    use: async ({ mouse }) => {
      await mouse.move(60, 60);
      await mouse.wheel(0, 500);
    },
    remove: "document.getElementById('x').remove();",
  },
  'a media element': {
    make: "const e = put('<video id=x width=200 height=100 muted></video>'); keep('video', e);",
    use: ({ mouse }) => mouse.click(60, 60),
    remove: "document.getElementById('x').remove();",
  },
  'objects of calls': {
    make: `
      const properties = { n: { deep: 1 } }; window.telemetry?.track('x', properties); keep('properties', properties); keep('a property', properties.n);
      const request = new XMLHttpRequest(); request.open('GET', '/api/ok'); request.send(); keep('XMLHttpRequest', request);
      const asked = new Request('/api/ok'); keep('Request', asked);
      fetch(asked).then((response) => { keep('Response', response); return response.text(); });
      const error = new Error('mine'); keep('error', error); setTimeout(() => { throw error; });`,
    use: () => new Promise((resolve) => setTimeout(resolve, 200)),
    remove: '',
  },
  'a dialog that was removed while it had the focus': {
    make: "const e = put('<div id=x><input id=i></div>'); keep('focused', e);",
    use: async (page) => {
      await page.click('#i');
      await page.keyboard.type('abc');
    },
    remove: "document.getElementById('x').remove();",
  },
};

const HELPERS = `
  <script>
    window.refs = new Map();
    window.keep = (name, object) => { refs.set(name, new WeakRef(object)); };
    window.put = (html) => { const t = document.createElement('template'); t.innerHTML = html; const e = t.content.firstChild; document.getElementById('stage').replaceChildren(e); return e; };
  </script>`;

/** Names of what is still there after the browser collected, polled until it is no more than `expected`. */
async function leftAfter(trial, expected, patienceMs) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    await trial.run('return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 20)))');
    await trial.cdp.send('HeapProfiler.collectGarbage');
    const left = await trial.run('return [...refs].filter(([, ref]) => ref.deref()).map(([name]) => name)');
    if (left.length <= expected || Date.now() > deadline) return left;
  }
}

for (const [name, { make, use, remove }] of Object.entries(THINGS))
  test(`${name} is collected`, async (t) => {
    const left = async (sdk, expected, patienceMs) => {
      const trial = await open(t, { sdk, head: HELPERS, body: '<div id="stage"></div>' });
      await trial.run(`${make} return 0;`);
      await use(trial.page);
      await trial.run(`${remove} return 0;`);
      return leftAfter(trial, expected, patienceMs);
    };
    const without = await left(false, 0, 500);
    assert.deepEqual(await left(true, without.length, 4_000), without);
  });

test('a page that makes and removes elements for long does not grow', async (t) => {
  const trial = await open(t, { head: HELPERS, body: '<div id="stage"></div>' });
  const round = async () => {
    for (let n = 0; n < 25; n++) {
      await trial.run(
        `put('<section><button style="width:300px;height:200px">' + ${n} + '</button></section>'); return 0;`,
      );
      await trial.page.mouse.click(40 + n, 60);
    }
    await trial.run('document.getElementById("stage").replaceChildren(); telemetry.flush();');
  };
  const elements = async () => {
    await trial.page.mouse.move(800, 700);
    await trial.cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await trial.cdp.send('Performance.getMetrics');
    return metrics.find((metric) => metric.name === 'Nodes').value;
  };
  await trial.cdp.send('Performance.enable');
  await round();
  const before = await eventually('a first count', elements);
  for (let n = 0; n < 3; n++) await round();
  let after;
  await eventually(`nodes as before: ${before}`, async () => {
    after = await elements();
    return after < before + 25;
  });
});

test('addresses that hold what they are of are not kept', async (t) => {
  const trial = await open(t, {});
  await trial.run(`return ${LATE_IS_THERE}`);
  await trial.run(`return (async () => {
    for (let n = 0; n < 9; n++) await fetch('data:text/plain,number' + n + 'x'.repeat(100_000));
    await telemetry.flush();
  })()`);
  let heap = '';
  trial.cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => {
    heap += chunk;
  });
  const kept = async () => {
    heap = '';
    await trial.cdp.send('HeapProfiler.collectGarbage');
    await trial.cdp.send('HeapProfiler.takeHeapSnapshot');
    return new Set(heap.match(/data:text\/plain,number\d/g)).size;
  };
  // The last one may still be somewhere.
  await eventually('a heap without them', async () => (await kept()) < 2);
});
