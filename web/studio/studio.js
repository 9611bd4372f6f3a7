// The studio's page. Every value that comes from events is hostile: it reaches the page as text only.

import { startAsk } from './ask.js';
import { byId } from './dom.js';
import { startLive } from './live.js';
import { call } from './server.js';

/** Only http addresses become links. */
function link(anchor, address) {
  if (!/^https?:\/\//.test(address ?? '')) return false;
  anchor.href = address;
  anchor.hidden = false;
  return true;
}

function showAbout(about) {
  byId('step-shop').hidden = !link(byId('shop-link'), about.shop_url);
  if (link(byId('open-shop'), about.shop_url)) {
    byId('nothing-hint').textContent = 'Open the demo shop and click around: events appear here within seconds.';
  }
  const collector = about.collector_url ?? 'https://collector.example';
  const key = about.write_key ?? 'YOUR_WRITE_KEY';
  byId('snippet').textContent =
    `<script async src="/telemetry.js"\n  data-ct-endpoint="${collector}"\n  data-ct-key="${key}"></script>`;
  const store = about.store_url ?? 'file:///your/store';
  byId('command').textContent =
    `warehouse --store ${store} \\\n  sql "select type, count(*) as n from events group by 1"`;
}

function copying() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(byId(button.dataset.copy));
        button.textContent = 'Press Ctrl C';
      }
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 1500);
    });
  }
}

async function start() {
  showAbout({});
  copying();
  startAsk();
  startLive();
  try {
    showAbout(await (await call('/api/v1/about')).json());
  } catch {
    /* the live part says that the server is away */
  }
}

start();
