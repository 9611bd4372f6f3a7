/** Entry of the npm package, for pages that bundle their scripts. */
import type { Init, Options } from './api.ts';
import { quietly } from './guard.ts';
import { readSettings } from './settings.ts';
import { startTelemetry } from './telemetry.ts';

export const init: Init = (options) => {
  window.customerTelemetry ??= startTelemetry(quietly(() => readSettings(asScript(options))) ?? null);
  return window.customerTelemetry;
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
