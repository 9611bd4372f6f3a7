// Elements of the page. What is written into one is text, whatever it says.

export const byId = (id) => document.getElementById(id);

/** An element with text in it; `properties` are set as they are. */
export function element(tag, text, properties = {}) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  return Object.assign(made, properties);
}
