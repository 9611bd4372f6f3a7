// The same with its recorder, which the stub's configuration switches on.
import 'posthog-js/dist/posthog-recorder';
import { start } from './posthog_start.js';

start();
