const load = async () => {
  const { src, dataset } = document.querySelector('script[data-ct-key]');
  await import(dataset.ctLate ?? src.replace(/\.js$/, '.late.js'));
};

/**
 * Settles when the late part is there. Before, no value is told, no length of an editor, of an element that is asked then nothing but its
 * tag, and a page that ends sends no beacon. The browser gives a module once, and to who asked first first.
 */
export const lateIsThere = (page) => page.evaluate(load);

/** The same as a source, for pages that are in the way of an evaluation. */
export const LATE_IS_THERE = `(${load})()`;
