// 200 nodes a second: each twentieth of a second six texts, two attributes, one node that comes and one that goes.
const CHANGE_EVERY_MS = 50;
const TEXTS = 6;
const ATTRIBUTES = 2;
const NEWS_MAX = 30;
const prices = document.getElementById('prices');
const news = document.getElementById('news');
for (let n = 0; n < 88; n++)
  prices.insertAdjacentHTML('beforeend', `<button type="button">Box ${n}: <b>${n * 3}</b></button>`);
for (let n = 0; n < NEWS_MAX; n++) news.insertAdjacentHTML('beforeend', `<li>Order ${n} was sent</li>`);

let tick = 0;
setInterval(() => {
  tick++;
  for (let n = 0; n < TEXTS; n++)
    prices.children[(tick * 7 + n * 13) % 88].lastChild.firstChild.data = `${(tick * 31 + n) % 997}`;
  for (let n = 0; n < ATTRIBUTES; n++) prices.children[(tick * 11 + n * 5) % 88].className = tick % 2 ? 'up' : '';
  const item = document.createElement('li');
  item.textContent = `Order ${NEWS_MAX + tick} was sent`;
  news.prepend(item);
  news.lastChild.remove();
}, CHANGE_EVERY_MS);
