/**
 * Settles when the late part is there. Before, no value is told, no length of an editor, and a page that ends sends no beacon.
 * The browser gives a module once, and to who asked first first.
 */
export const lateIsThere = (page) =>
  page.evaluate(async () => {
    const { src, dataset } = document.querySelector('script[data-ct-key]');
    await import(dataset.ctLate ?? src.replace(/\.js$/, '.late.js'));
  });
