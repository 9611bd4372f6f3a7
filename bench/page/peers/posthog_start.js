import posthog from 'posthog-js/dist/module.no-external';

/** What a project's settings decide, recording among it, comes from the stub. */
export const start = () =>
  posthog.init('phc_bench', {
    api_host: document.currentScript.dataset.collector,
    defaults: '2026-01-30',
    // A browser that is driven says so, and would be left out.
    opt_out_useragent_filter: true,
  });
