/** Entry of the npm package, for pages that bundle their scripts. */
import type { Init, Options, Telemetry } from './api.ts';
import { quietly } from './guard.ts';
import { getOwnPropertyDescriptor } from './natives.ts';
import { readSettings } from './settings.ts';
import { startTelemetry } from './telemetry.ts';

export const init: Init = (options) => {
  // An element may have our name: what is not the window's own is no API.
  const there: Telemetry | undefined = getOwnPropertyDescriptor(window, 'customerTelemetry')?.value;
  if (there) return there;
  const telemetry = startTelemetry(quietly(() => readSettings(asScript(options))) ?? null);
  window.customerTelemetry = telemetry;
  return telemetry;
};

/** The options as the attributes that they stand for. */
function asScript({
  key,
  endpoint,
  worker,
  late,
  resources,
  path,
  hooks,
  nonce,
  consent,
  ...more
}: Options): Parameters<typeof readSettings>[0] {
  const {
    allowQuery = [],
    memoryOnly,
    ignoreGpc,
    replay,
    replaySample,
    replayScript,
    replayWorker,
    replayPath,
    replayImages,
    replayCss,
  } = more;
  const dataset = Object.entries({
    ctKey: key,
    ctEndpoint: endpoint,
    ctWorker: worker,
    ctLate: late,
    ctResources: resources,
    ctPath: path,
    ctHooks: hooks,
    ctConsent: consent,
    ctAllowQuery: allowQuery.join(','),
    ctMemoryOnly: memoryOnly ? '' : undefined,
    ctGpc: ignoreGpc ? 'ignore' : undefined,
    ctReplay: replay,
    ctReplaySample: replaySample === undefined ? undefined : `${replaySample}`,
    ctReplayScript: replayScript,
    ctReplayWorker: replayWorker,
    ctReplayPath: replayPath,
    ctReplayImages: replayImages,
    ctReplayCss: replayCss,
  }).filter(([, value]) => value !== undefined);
  return { src: '', nonce, dataset: Object.fromEntries(dataset) as Record<string, string> };
}
