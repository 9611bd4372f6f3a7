// PostHog with autocapture, bundled without the parts that it would load from its own servers.
import { start } from './posthog_start.js';

start();
