/** The order form: checks each field, says what is wrong beside it, and sends the order. */
import { boxById } from './catalogue.ts';
import { find, make } from './dom.ts';

const form = find<HTMLFormElement>('#order');
const RULES: Record<string, [RegExp, string]> = {
  name: [/\S{2,}/, 'Please tell us your name.'],
  email: [/^\S+@\S+\.\S+$/, 'This does not look like an email address.'],
  street: [/\S.*\d/, 'Street and number, please.'],
  postcode: [/^\d{5}$/, 'Five digits, please.'],
  password: [/^.{8,}$/, 'At least eight characters.'],
};

interface Order {
  box: string;
  days: string;
  price: number;
  currency: string;
}

function showOrder(): void {
  const order: Order = JSON.parse(sessionStorage.getItem('shop-order') ?? 'null') ?? {
    box: 'attic',
    days: '30',
    price: 19,
    currency: 'EUR',
  };
  find('#order-box').textContent = boxById(order.box).name;
  find('#order-days').textContent = `${order.days} days`;
  find('#order-price').textContent = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: order.currency,
  }).format(order.price);
}

/** Marks a field, and returns whether it is fine. */
function check(name: string): boolean {
  const field = find<HTMLInputElement>(`[name=${name}]`);
  const [pattern, message] = RULES[name] as [RegExp, string];
  const fine = pattern.test(field.value);
  field.setAttribute('aria-invalid', String(!fine));
  const hint = find(`#${name}-hint`);
  hint.textContent = fine ? '' : message;
  return fine;
}

function send(): void {
  const button = find<HTMLButtonElement>('#send');
  const request = new XMLHttpRequest();
  button.disabled = true;
  request.open('POST', '/api/order');
  request.setRequestHeader('Content-Type', 'application/json');
  request.addEventListener('loadend', () => {
    button.disabled = false;
    if (request.status === 204) showThanks();
    else find('#form-hint').textContent = 'Your order did not go through. Please try again.';
  });
  request.send(JSON.stringify({ plan: form.plan.value }));
}

function showThanks(): void {
  window.telemetry?.track('order_placed', { plan: form.plan.value, pickup: form.pickup.selectedIndex });
  history.pushState(null, '', '/checkout.html?step=thanks');
  find('#checkout').hidden = true;
  find('#thanks').hidden = false;
  find('#thanks h1').focus();
}

for (const name of Object.keys(RULES)) {
  const field = find<HTMLInputElement>(`[name=${name}]`);
  field.after(make('small', { class: 'hint', id: `${name}-hint`, role: 'alert' }));
  field.addEventListener('blur', () => field.value && check(name));
}
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const wrong = Object.keys(RULES).filter((name) => !check(name));
  const terms = form.terms.checked;
  find('#form-hint').textContent = terms ? '' : 'Please accept the terms.';
  if (wrong.length) find<HTMLInputElement>(`[name=${wrong[0]}]`).focus();
  else if (terms) send();
});
showOrder();
