// What the stub answers: as the collector does, and as peers' servers do for a project with everything switched on.
const json = (value) => ['application/json', JSON.stringify(value)];

/** From its second batch on the SDK compresses, since the collector says that it reads that without a header. */
export function collectorAnswer() {
  const now = Date.now();
  const clock = { server_received_at: now, server_sent_at: now };
  return json({ durability: 'kafka', accepted: 0, rejected: [], ...clock, encodings: ['gzip'] });
}

/** Remote configuration and flags; anything else is a batch. */
export function posthogAnswer({ url }, recording) {
  if (url.startsWith('/array/') || url.startsWith('/flags/') || url.startsWith('/decide/'))
    return json({
      supportedCompression: ['gzip', 'gzip-js'],
      autocapture_opt_out: false,
      sessionRecording: recording && { endpoint: '/s/', recorderVersion: 'v2' },
      flags: {},
      featureFlags: {},
      hasFeatureFlags: false,
      surveys: false,
      toolbarParams: {},
    });
  return json({ status: 1 });
}

/** A session begins when it is answered; lists of tags, flags and conditions are empty. */
export function openreplayAnswer({ url }) {
  if (url.startsWith('/v1/web/start'))
    return json({
      token: 'bench',
      userUUID: '00000000-0000-4000-8000-000000000000',
      sessionID: '1',
      projectID: '1',
      delay: 0,
      startTimestamp: Date.now(),
      beaconSizeLimit: 1_000_000,
      compressionThreshold: 24_000,
      features: {},
    });
  return json({ tags: [], flags: [], conditions: [] });
}
