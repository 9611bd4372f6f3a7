/** One box: a quote that takes its time, tabs that are routes, a button that does nothing and one that breaks. */
import { drawBox } from './art.ts';
import { boxById, SIZE_NAMES } from './catalogue.ts';
import { find } from './dom.ts';

const box = boxById(new URLSearchParams(location.search).get('box'));
const days = find<HTMLInputElement>('#days');
const cover = find<HTMLSelectElement>('#cover');
const quote = find<HTMLOutputElement>('#quote');
let asked = 0;

document.title = `${box.name} · Boxhaven`;
find('#name').textContent = box.name;
find('#blurb').textContent = box.blurb;
find('#facts').textContent = `${SIZE_NAMES[box.size]} · ${box.litres} litres · ${box.city}`;
find('#picture').append(drawBox(box));

async function askQuote(): Promise<void> {
  const mine = ++asked;
  quote.classList.add('busy');
  quote.textContent = 'Working out your price…';
  try {
    const query = new URLSearchParams({ size: box.size, days: days.value, cover: cover.value });
    const answer = await fetch(`/api/quote?${query}`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const { price, currency } = await answer.json();
    if (mine !== asked) return;
    quote.textContent = new Intl.NumberFormat('en', { style: 'currency', currency }).format(price);
    sessionStorage.setItem('shop-order', JSON.stringify({ box: box.id, days: days.value, price, currency }));
  } catch {
    if (mine === asked) quote.textContent = 'No price right now. Please try again.';
  }
  if (mine === asked) quote.classList.remove('busy');
}

function showTab(): void {
  const tab = new URLSearchParams(location.search).get('tab') ?? 'details';
  for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-tab]')) {
    const chosen = link.dataset.tab === tab;
    link.classList.toggle('chosen', chosen);
    link.setAttribute('aria-selected', String(chosen));
    find(`#tab-${link.dataset.tab}`).hidden = !chosen;
  }
}

for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-tab]'))
  link.addEventListener('click', (event) => {
    event.preventDefault();
    history.pushState(null, '', `?box=${box.id}&tab=${link.dataset.tab}`);
    showTab();
  });
addEventListener('popstate', showTab);

find('#ask').addEventListener('click', askQuote);
cover.addEventListener('change', askQuote);
days.addEventListener('input', () => {
  find('#days-shown').textContent = `${days.value} days`;
});
days.addEventListener('change', askQuote);
find('#preview').addEventListener('click', () => {
  const viewer = (window as unknown as { boxViewer?: { open(id: string): void } }).boxViewer;
  // The viewer was never shipped: this is the shop's planted error.
  (viewer as { open(id: string): void }).open(box.id);
});
showTab();
askQuote();
