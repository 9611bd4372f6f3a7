// Rows that light up under the pointer and show a button, as tables of orders do: each change of row changes layout too.
// Groups of a hundred that are drawn only near the window: drawn whole, the page alone would need 60 ms for each change.
const GROUPS = 100;
const ROWS = 100;
const table = document.getElementById('orders');
const states = ['open', 'packed', 'sent', 'returned'];
const row = (n) =>
  `<tr><td>${100000 + n}</td><td>Box ${n % 40}</td><td>${(n * 37) % 500}</td><td>${states[n % 4]}</td><td>Customer ${
    (n * 7919) % 3000
  }</td><td><span>${(n * 17) % 90} kg</span> <button>Open</button></td></tr>`;
const group = (number) => `<tbody>${Array.from({ length: ROWS }, (_, n) => row(number * ROWS + n)).join('')}</tbody>`;
table.innerHTML = Array.from({ length: GROUPS }, (_, number) => group(number)).join('');
table.addEventListener('click', ({ target }) => target.closest('tr')?.classList.toggle('chosen'));
