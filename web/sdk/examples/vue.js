// Vue: a plugin. Routes of single-page applications are noticed without it.
import { init } from '@customer-telemetry/sdk';
import { inject } from 'vue';

const TELEMETRY = Symbol('telemetry');

export const telemetryPlugin = {
  install(app, options) {
    const telemetry = init({ worker: '/telemetry.worker.js', ...options });
    app.provide(TELEMETRY, telemetry);
    // An attribute in templates, as the SDK reads it: v-block keeps everything inside unseen.
    app.directive('block', { beforeMount: (element) => element.setAttribute('data-ct-block', '') });
  },
};

export const useTelemetry = () => inject(TELEMETRY);
