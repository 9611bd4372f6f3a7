/** Loads the telemetry SDK with the settings that the server tells, then shows what it counts. */
import { showBadge } from './badge.ts';

interface ShopConfig {
  collector_url: string;
  write_key: string;
  studio_url: string | null;
}

async function boot(): Promise<void> {
  const config: ShopConfig = await (await fetch('/shop-config.json')).json();
  const script = document.createElement('script');
  script.src = '/telemetry/telemetry.js';
  script.dataset.ctKey = config.write_key;
  script.dataset.ctEndpoint = config.collector_url;
  script.dataset.ctWorker = '/telemetry/telemetry.worker.js';
  script.dataset.ctAllowQuery = 'box,size';
  script.dataset.ctReplay = 'always';
  if (localStorage.getItem('ct-test')) script.dataset.ctTest = '';
  script.addEventListener('load', () => showBadge(config.studio_url));
  document.head.append(script);
}

boot().catch(() => console.warn('shop: no telemetry, since /shop-config.json or the SDK could not be loaded'));
