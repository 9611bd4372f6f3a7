// Places into which a person types, which are no fields and no editors afterwards: what was typed stays theirs.

/** By a name: the page's part, with what is typed into as `.type`; what makes it an editor, if that is not there; what becomes of it. */
const PLACES = {
  'an editor by a style': [
    '<p class="type" style="-webkit-user-modify: read-write">old</p>',
    () => {},
    (typed) => typed.removeAttribute('style'),
  ],
  'an editor by a script': [
    '<p class="type" tabindex="0">old</p>',
    (typed) => {
      const context = new EditContext();
      context.addEventListener('textupdate', () => {
        typed.textContent = context.text;
      });
      typed.editContext = context;
    },
    (typed) => {
      typed.editContext = null;
    },
  ],
  'a text that is edited in place': [
    '<p class="type" contenteditable>old</p>',
    () => {},
    (typed) => typed.removeAttribute('contenteditable'),
  ],
  'an editor that is switched off': [
    '<p class="type" contenteditable>old</p>',
    () => {},
    (typed) => {
      typed.contentEditable = 'false';
    },
  ],
  'what is taken out of its editor': [
    '<div contenteditable><p class="type">old</p></div>',
    () => {},
    (typed) => typed.parentNode.replaceWith(typed),
  ],
  'an editor of a shadow tree': [
    '<x-a class="type"><template shadowrootmode="open"><p contenteditable>old</p></template></x-a>',
    () => {},
    (typed) => typed.shadowRoot.querySelector('p').removeAttribute('contenteditable'),
  ],
  'a field that becomes a button': [
    '<input class="type">',
    () => {},
    (typed) => {
      typed.type = 'button';
    },
  ],
  'a field of a script that types itself, and a button afterwards': [
    '<input class="type">',
    (typed) => {
      typed.onkeydown = (event) => {
        event.preventDefault();
        document.execCommand('insertText', false, event.key);
      };
    },
    (typed) => {
      typed.type = 'button';
    },
  ],
  'a field of a frame that types itself, and a button afterwards': [
    '<iframe class="type"></iframe>',
    (typed) => {
      const { contentDocument: inner } = typed;
      const field = inner.body.appendChild(inner.createElement('input'));
      field.style = 'position: fixed; inset: 0; width: 100%';
      field.onkeydown = (event) => {
        event.preventDefault();
        inner.execCommand('insertText', false, event.key);
      };
    },
    (typed) => {
      typed.contentDocument.querySelector('input').type = 'button';
    },
  ],
  'a field that becomes the one that sends': [
    '<input class="type">',
    () => {},
    (typed) => {
      typed.type = 'submit';
    },
  ],
};

export const NAMES = Object.keys(PLACES);
const idOf = (n) => `edited-${n}`;
/** Letters only, since batches and recordings are full of numbers. */
export const wordOf = (n) => `zqkanarie${String.fromCharCode(97 + n)}`;

export const PARTS = Object.values(PLACES)
  .map(([html], n) => `<section id="${idOf(n)}">${html}</section>`)
  .join('\n');

const each = (page, step) =>
  page.evaluate(
    Object.values(PLACES)
      .map((place, n) => `(${place[step]})(document.querySelector('#${idOf(n)} .type'));`)
      .join('\n'),
  );

/** Types a word of its own into each, and has them be something else. */
export async function edit(page) {
  await each(page, 1);
  for (const n of NAMES.keys()) {
    await page.click(`#${idOf(n)} .type`);
    await page.keyboard.type(wordOf(n));
  }
  await each(page, 2);
}

/** Points at each again and presses it. */
export async function press(page) {
  for (const n of NAMES.keys()) await page.click(`#${idOf(n)} .type`);
}

export const isOf = (n, element) => element?.path?.includes(idOf(n));
/** Whose words are in what was sent. */
export const leakedIn = (text) => NAMES.filter((_, n) => text.includes(wordOf(n)));
