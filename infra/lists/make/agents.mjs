/** User agents: uap-core's rules for browsers and systems, two lists of bots, and the suites of agents. */
import { load } from 'js-yaml';
import { list as isbotPatterns } from 'isbot';
import { withoutLookaround } from '../lookaround.mjs';
import { crate, files, fromPython, npm, npmSource, pypi, pypiSource, read } from '../packages.mjs';

const crawlers = () => JSON.parse(read(pypi('crawleruseragents/crawler-user-agents.json')));

/** The text that a pattern stands for, if it stands for one only. */
function literal(pattern) {
  if (/(?:^|[^\\])[[\](){}|*+?^$.]|\\[a-zA-Z0-9]/.test(pattern)) return null;
  return pattern.replace(/\\(.)/g, '$1');
}

/** JavaScript takes the dash of `[\d-.]` for itself, others for a range. */
const plainDash = (pattern) => pattern.replace(/(\\[dws])-(?=[^\]])/g, '$1\\-');

/**
 * What the lists hold and people's browsers say too: the names of two Sogou browsers, of Hisense's television browser,
 * of an add-on of Internet Explorer, of two apps that show pages and of an Android build, and `Bada/1.0;` or
 * `webOS/1.0;`. Of the suites' bots one is known by these alone.
 */
const peoples = new Set(['Sogou', 'sogou', 'WhatsApp', 'Viber', 'catch', 'chromeframe', 'AP3A.240617.008', '\\b\\w+/1\\.0;']);
const ofBots = (pattern) => !peoples.has(pattern);

/** Crawlers by their names, each with whether it gathers for a language model, and patterns of all other bots. */
function bots() {
  const names = { crawler: [], ai_crawler: [] };
  const patterns = { crawler: [], ai_crawler: [] };
  for (const { pattern, tags = [] } of crawlers()) {
    const group = tags.includes('ai-crawler') ? 'ai_crawler' : 'crawler';
    const name = literal(pattern);
    if (!ofBots(name)) continue;
    if (name === null) patterns[group].push(pattern);
    else names[group].push(name);
  }
  const others = isbotPatterns.filter(ofBots);
  return {
    names,
    names_any_case: others.map(literal).filter((name) => name !== null),
    patterns,
    patterns_any_case: others.filter((one) => literal(one) === null).map(withoutLookaround).map(plainDash),
  };
}

function rules() {
  const { user_agent_parsers, os_parsers } = fromPython('uap_rules.py', pypi('ua_parser_builtins/regexes.py'));
  return { user_agent_parsers, os_parsers };
}

export const lists = {
  agent_rules: rules,
  agent_bots: bots,
};

/** uap-core's own cases. The crate carries them; npm's package does not. */
function uapCases(...paths) {
  const { folder, source } = crate('ua-parser');
  const cases = paths.flatMap((path) => load(read(`${folder}/uap-core/${path}`)).test_cases);
  return { source, cases: cases.filter(({ user_agent_string, js_ua }) => user_agent_string && !js_ua) };
}

const matomoFiles = () => files(pypi('device_detector/tests/fixtures/upstream'), '.yml');
const matomoCases = (name) => matomoFiles().filter(name).flatMap((file) => load(read(file)));

function matomoBots() {
  const cases = matomoCases((file) => file.endsWith('/bots.yml'));
  return {
    source: pypiSource('device-detector'),
    cases: cases.map(({ user_agent, bot }) => ({ agent: user_agent, category: bot.category ?? null })),
  };
}

/**
 * Agents of people's browsers, with Matomo's word for the device and the system. Browsers begin with `Mozilla/` or
 * `Opera/`: what does not is an app that names a device, and runs no page.
 */
function matomoPeople() {
  const devices = /\/(?:desktop|smartphone|phablet|tablet|tv|console)(?:-\d+)?\.yml$/;
  return {
    source: pypiSource('device-detector'),
    cases: matomoCases((file) => devices.test(file))
      .filter(({ user_agent, client }) => client?.type === 'browser' && /^(?:Mozilla|Opera)\//.test(user_agent))
      .map(({ user_agent, os, device }) => ({ agent: user_agent, system: os?.name ?? null, device: device?.type ?? null })),
  };
}

export const suites = {
  uap_browsers: () => uapCases('tests/test_ua.yaml', 'test_resources/firefox_user_agent_strings.yaml',
    'test_resources/opera_mini_user_agent_strings.yaml', 'test_resources/pgts_browser_list.yaml',
    'test_resources/podcasting_user_agent_strings.yaml'),
  uap_systems: () => uapCases('tests/test_os.yaml', 'test_resources/additional_os_tests.yaml'),
  crawler_user_agents: () => ({
    source: pypiSource('crawler-user-agents'),
    cases: crawlers().flatMap(({ instances }) => instances ?? []),
  }),
  matomo_bots: matomoBots,
  matomo_people: matomoPeople,
  top_user_agents: () => ({
    source: npmSource('top-user-agents'),
    cases: JSON.parse(read(npm('top-user-agents', 'src/index.json'))),
  }),
  user_agents: () => {
    const seen = new Map();
    for (const { userAgent, platform, deviceCategory } of JSON.parse(read(npm('user-agents', 'dist/user-agents.json'))))
      seen.set(userAgent, { agent: userAgent, platform, device: deviceCategory });
    return { source: npmSource('user-agents'), cases: [...seen.values()] };
  },
};
