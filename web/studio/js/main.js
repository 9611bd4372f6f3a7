// Wires the page: what this installation is, the live feed, the SQL panel.

import { about } from './api.js';
import { startAsking } from './ask.js';
import { byId, copyOnClick } from './dom.js';
import { startLive } from './live.js';

function showHealth(good, message = '') {
  const badge = byId('health');
  badge.textContent = good ? 'live' : 'not reachable';
  badge.title = message;
  badge.classList.toggle('good', good);
  badge.classList.toggle('bad', !good);
}

function showFirstSteps({ shop_url, collector_url, write_key, store_url }) {
  const shop = byId('open-shop');
  shop.hidden = !shop_url;
  byId('no-shop').hidden = Boolean(shop_url);
  if (shop_url) shop.href = shop_url;
  const snippet = `<script src="/telemetry/telemetry.js" data-ct-key="${write_key ?? 'YOUR_WRITE_KEY'}" data-ct-endpoint="${collector_url ?? 'https://collector.example'}" defer></script>`;
  byId('snippet').textContent = snippet;
  byId('shell-line').textContent =
    `warehouse --store ${store_url ?? 'URL'} sql "select type, count(*) from events group by 1"`;
}

for (const element of document.querySelectorAll('.copy')) copyOnClick(element);
startLive(showHealth);
startAsking();
showFirstSteps(await about().catch(() => ({})));
