// Finds tests that bet on the speed of a file: SLOW='telemetry.late.js=300' node --import ./e2e/slow.mjs --test e2e/X.test.mjs
// Answers to addresses that hold the text wait so many milliseconds.
import http from 'node:http';

const [text, ms] = (process.env.SLOW ?? '').split('=');
const { emit } = http.Server.prototype;

http.Server.prototype.emit = function (name, ...given) {
  if (name !== 'request' || !text || !given[0].url.includes(text)) return emit.call(this, name, ...given);
  setTimeout(() => emit.call(this, name, ...given), Number(ms));
  return true;
};
