/** The list of boxes, with its filters. */
import { drawBox } from './art.ts';
import { BOXES, type Box, SIZE_NAMES } from './catalogue.ts';
import { find, make } from './dom.ts';

const size = find<HTMLSelectElement>('#filter-size');
const city = find<HTMLSelectElement>('#filter-city');
const sort = find<HTMLSelectElement>('#filter-sort');
const climate = find<HTMLInputElement>('#filter-climate');
const search = find<HTMLInputElement>('#filter-search');

function card(box: Box): HTMLElement {
  const facts = make('p', { class: 'facts' }, `${SIZE_NAMES[box.size]} · ${box.litres} l · ${box.city}`);
  const price = make('p', { class: 'price' }, make('b', {}, `€${box.price}`), ' a month');
  const link = make('a', { class: 'button', href: `/box.html?box=${box.id}`, id: `see-${box.id}` }, 'See this box');
  const body = make('div', { class: 'card-body' }, make('h3', {}, box.name), facts, make('p', {}, box.blurb));
  const tags = make('div', { class: 'tags' });
  if (box.climate) tags.append(make('span', { class: 'tag' }, 'Climate controlled'));
  if (box.price < 10) tags.append(make('span', { class: 'tag warm' }, 'Under €10'));
  const card = make('article', { class: 'card', 'data-ct-label': `box-${box.id}` });
  card.append(drawBox(box), tags, body, make('div', { class: 'card-foot' }, price, link));
  return card;
}

function show(): void {
  const words = search.value.trim().toLowerCase();
  const shown = BOXES.filter(
    (box) =>
      (!size.value || box.size === size.value) &&
      (!city.value || box.city === city.value) &&
      (!climate.checked || box.climate) &&
      `${box.name} ${box.blurb}`.toLowerCase().includes(words),
  );
  const orders: Record<string, (a: Box, b: Box) => number> = {
    price: (a, b) => a.price - b.price,
    litres: (a, b) => b.litres - a.litres,
    name: (a, b) => a.name.localeCompare(b.name),
  };
  shown.sort(orders[sort.value] ?? (() => 0));
  find('#boxes').replaceChildren(...shown.map(card));
  find('#count').textContent = shown.length === 1 ? '1 box' : `${shown.length} boxes`;
  find('#nothing').hidden = shown.length > 0;
}

for (const field of [size, city, sort, climate, search]) field.addEventListener('input', show);
find('#clear').addEventListener('click', () => {
  find<HTMLFormElement>('#filters').reset();
  show();
});
show();
