// OpenReplay's tracker as its guide sets it up, allowed to run without TLS.
import Tracker from '@openreplay/tracker';

const tracker = new Tracker({
  projectKey: 'bench',
  ingestPoint: document.currentScript.dataset.collector,
  __DISABLE_SECURE_MODE: true,
});
tracker.start();
