// A form as most are: labels, fields, and a line that says how far one is. score.mjs knows where its fields lie.
const fields = [
  'Given name',
  'Family name',
  'Company',
  'Street',
  'House number',
  'City',
  'Region',
  'Remark',
  'Coupon',
  'Colour',
];
const form = document.getElementById('delivery');
const progress = document.getElementById('progress');
fields.forEach((title, row) => {
  const name = title.toLowerCase().replace(' ', '_');
  const top = `top:${60 + row * 50}px`;
  form.insertAdjacentHTML('beforeend', `<label for="${name}" style="${top}">${title}</label>`);
  form.insertAdjacentHTML('beforeend', `<input id="${name}" name="${name}" autocomplete="off" style="${top}">`);
});
form.insertAdjacentHTML('beforeend', '<input type="checkbox" name="gift" style="top:560px">');
form.insertAdjacentHTML('beforeend', '<button style="top:610px">Order</button>');
form.addEventListener('input', () => {
  progress.textContent = `${[...form.elements].filter((field) => field.value).length} of ${form.elements.length}`;
});
form.addEventListener('submit', (event) => event.preventDefault());
