// Gives the sketch its buffers back. What a real worker does with them costs the page's thread nothing.
self.onmessage = ({ data }) => postMessage(data.ring, [data.ring]);
