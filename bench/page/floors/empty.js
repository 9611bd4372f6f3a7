// The limit: a listener for everything that full capture must hear, and nothing in it; and one beacon when the page is left. Nobody can
// be cheaper.
const nothing = () => {};
const types = [
  ...['pointermove', 'pointerover', 'pointerout', 'pointerdown', 'pointerup', 'click', 'dblclick', 'contextmenu'],
  ...[
    'keydown',
    'input',
    'change',
    'submit',
    'focusin',
    'focusout',
    'scroll',
    'wheel',
    'resize',
    'copy',
    'cut',
    'paste',
  ],
];
for (const type of types) addEventListener(type, nothing, { capture: true, passive: true });
const { collector } = document.querySelector('[data-collector]').dataset;
addEventListener('pagehide', () => navigator.sendBeacon(collector, '{}'));
