// Pages that write themselves anew: `document.open()` ends every listener of the document and its window, ours as well.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../eventually.mjs';
import { open } from '../laboratory.mjs';
import { LATE_IS_THERE } from '../late.mjs';

const AGAIN =
  '<!doctype html><title>Anew</title><button id="again">Again</button><input id="field"><p style="height:3000px">long</p>';
const HTML = `<!doctype html><head><meta charset="utf-8"><!--sdk--></head><body><button id="first">First</button>
  <script>
    window.heard = [];
    addEventListener('click', ({ target }) => heard.push(target.id));
    document.addEventListener('keydown', ({ key }) => heard.push(key));
  </script>`;
const ids = (events) => events.map(({ element }) => element.id);

for (const [how, write] of [
  ['document.open()', `document.open(); document.write(${JSON.stringify(AGAIN)}); document.close();`],
  ['document.write() after the load', `document.write(${JSON.stringify(AGAIN)}); document.close();`],
])
  test(`a page that writes itself anew by ${how} is captured from then on, and once`, async (t) => {
    const trial = await open(t, { html: HTML });
    await trial.run(`return ${LATE_IS_THERE}`);
    await trial.page.click('#first');
    for (let times = 0; times < 2; times++) {
      await trial.run(write);
      await trial.page.click('#again');
      await trial.page.click('#field');
      await trial.page.keyboard.press('x');
    }
    await trial.page.mouse.wheel(0, 500);
    await trial.delivered();
    assert.deepEqual(ids(trial.events('click')), ['first', 'again', 'field', 'again', 'field']);
    assert.deepEqual(ids(trial.events('key')), ['field', 'field']);
    assert.deepEqual(ids(trial.events('input')), ['field', 'field']);
    await eventually('that it was scrolled', async () => {
      await trial.run('window.telemetry.flush()');
      return trial.events('scroll').length;
    });
    assert.deepEqual(await trial.run('return heard'), ['first'], 'its own listeners are gone, as they are without us');
    await trial.unharmed();
    await trial.page.goto('about:blank');
    await eventually('the end of the page', () => trial.events('page_leave').length);
  });

test('a page that puts another root in the place of its own is captured once', async (t) => {
  const trial = await open(t, { html: HTML });
  await trial.run(`return ${LATE_IS_THERE}`);
  await trial.run(`
    const root = document.createElement('html');
    root.innerHTML = '<body><button id="again">Again</button>';
    document.documentElement.replaceWith(root);`);
  await trial.page.click('#again');
  await trial.delivered();
  assert.deepEqual(ids(trial.events('click')), ['again']);
  assert.deepEqual(await trial.run('return heard'), ['again']);
  await trial.unharmed();
});
