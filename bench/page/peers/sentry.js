// Sentry's SDK with replay of every session, as its guide sets it up.
import * as Sentry from '@sentry/browser';

const dsn = new URL('/1', document.currentScript.dataset.collector);
dsn.username = 'bench';
Sentry.init({
  dsn: dsn.href,
  integrations: [Sentry.replayIntegration()],
  replaysSessionSampleRate: 1,
  replaysOnErrorSampleRate: 1,
});
