// Small helpers to build elements. Every value that reaches the page goes through `textContent`: events are hostile input.

export const byId = (id) => document.getElementById(id);

/** Makes an element: `make('td', { class: 'number' }, text, child, …)`. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return element;
}

/** Lets a click on the element copy its whole text. */
export function copyOnClick(element) {
  element.addEventListener('click', async () => {
    await navigator.clipboard.writeText(element.dataset.text ?? element.textContent);
    element.classList.add('done');
    setTimeout(() => element.classList.remove('done'), 900);
  });
}
