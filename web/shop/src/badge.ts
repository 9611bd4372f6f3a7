/** The corner badge: how many events this page captured, and how many the collector has acknowledged. */
// For the type of `window.telemetry`.
import type {} from '../../sdk/src/page/main.ts';
import { find, make } from './dom.ts';

const EVERY_MS = 500;

/** Leads to the studio, where there is one. */
export function showBadge(studioUrl: string | null): void {
  const captured = make('b', {}, '0');
  const acknowledged = make('b', {}, '0');
  const badge = make(
    'a',
    { class: 'badge', 'data-ct-label': 'badge', title: 'Events of this page', target: '_blank', rel: 'noopener' },
    make('span', { class: 'pulse' }),
    make('span', {}, captured, ' captured'),
    make('span', {}, acknowledged, ' stored'),
  );
  if (studioUrl) badge.href = studioUrl;
  find('body').append(badge);
  const show = async () => {
    const stats = await window.telemetry?.stats();
    if (!stats || document.hidden) return;
    const total = Object.values(stats.captured).reduce((sum, count) => sum + count, 0);
    captured.textContent = total.toLocaleString('en');
    acknowledged.textContent = stats.acknowledged.toLocaleString('en');
    badge.classList.toggle('settled', total === stats.acknowledged);
  };
  setInterval(show, EVERY_MS);
  show();
}
