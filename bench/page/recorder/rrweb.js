// rrweb's recorder as its guide sets it up, and nothing that sends: `recorder.begun`, true where the page is recorded, and
// `recorder.bytes()`, gzipped.
import { record } from 'rrweb';

const events = [];
window.recorder = {
  async bytes() {
    const lines = events.map((event) => JSON.stringify(event)).join('\n');
    const zipped = new Blob([lines]).stream().pipeThrough(new CompressionStream('gzip'));
    return (await new Response(zipped).arrayBuffer()).byteLength;
  },
};
addEventListener('bench-record', () => {
  recorder.begun = new Promise((done) => {
    // A task of its own: a trace tells whose it is.
    setTimeout(() => {
      record({ emit: (event) => events.push(event) });
      done(true);
    });
  });
});
