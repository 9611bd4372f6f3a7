// What is compared. A subject is what a page gets: script tags and the files behind them, what the stub answers it, and how
// to read from its requests what it captured.
import { collectorAnswer, openreplayAnswer, posthogAnswer } from './answers.mjs';
import { buildPeer, buildSdk } from './build.mjs';
import { openreplay, ours, posthog, rrweb, sentry, snowplow } from './captured.mjs';

const HERE = new URL('.', import.meta.url).pathname;

const tag = (name, file, more = '') => `<script src="/subject/${name}/${file}" ${more}></script>`;

/** A bundle of `peers/NAME.js`, which is told the stub's address by an attribute of its script. */
function peer(name, title, captured, answer) {
  return {
    name,
    title,
    build: async ({ readable }) => ({ [`${name}.js`]: await buildPeer(name, { minify: !readable }) }),
    tags: (collector) => tag(name, `${name}.js`, `defer data-collector="${collector}"`),
    captured,
    answer,
  };
}

/** `build` returns the files; a string is a path, a buffer is content. `title` is what the table says. */
const SUBJECTS = [
  { name: 'nothing', title: 'nothing at all', build: () => ({}), tags: () => '' },
  {
    name: 'empty',
    title: 'empty listeners, a beacon at the end (the limit)',
    build: () => ({ 'empty.js': `${HERE}floors/empty.js` }),
    tags: (collector) => tag('empty', 'empty.js', `type="module" data-collector="${collector}"`),
  },
  {
    name: 'sketch',
    title: 'sketch (the yardstick)',
    build: () => ({ 'sketch.js': `${HERE}floors/sketch.js`, 'sketch.worker.js': `${HERE}floors/sketch.worker.js` }),
    tags: () => tag('sketch', 'sketch.js', 'type="module"'),
  },
  {
    name: 'ours',
    title: 'Customer Telemetry',
    build: ({ readable }) => buildSdk(readable),
    tags: (collector) => tag('ours', 'telemetry.js', `defer data-ct-key="bench" data-ct-endpoint="${collector}"`),
    captured: ours,
    answer: collectorAnswer,
  },
  peer('snowplow', 'Snowplow: views, activity, clicks, forms', snowplow),
  peer('rrweb', 'rrweb: recording', rrweb),
  peer('posthog', 'PostHog: autocapture', posthog, (request) => posthogAnswer(request, false)),
  peer('posthog-recording', 'PostHog: autocapture, recording', posthog, (request) => posthogAnswer(request, true)),
  peer('sentry', 'Sentry: errors, replay', sentry),
  peer('openreplay', 'OpenReplay: recording', openreplay, openreplayAnswer),
];

export const NAMES = SUBJECTS.map(({ name }) => name);

/** The named subjects, built, in the order of the table. `readable`: with the names of functions kept. */
export function prepare(names, { readable = false } = {}) {
  const chosen = SUBJECTS.filter(({ name }) => names.includes(name));
  return Promise.all(
    chosen.map(async (subject) => ({
      ...subject,
      files: await subject.build({ readable }),
      /** Whether a script at this address is the subject's. */
      mine: (url) => url.includes(`/subject/${subject.name}/`),
    })),
  );
}
