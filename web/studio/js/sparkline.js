// A minute of events a second as a small area chart.

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Draws `values` right-aligned in a chart of `slots` seconds. */
export function drawSparkline(svg, values, slots) {
  const { width, height } = svg.viewBox.baseVal;
  const top = Math.max(1, ...values);
  const x = (index) => width - (values.length - 1 - index) * (width / (slots - 1));
  const y = (value) => height - 1 - (height - 3) * (value / top);
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const shape = (name, list) => {
    const element = document.createElementNS(NAMESPACE, name);
    element.setAttribute('points', list.join(' '));
    return element;
  };
  svg.replaceChildren(
    shape('polygon', [`${x(0)},${height}`, ...points, `${width},${height}`]),
    shape('polyline', points),
  );
}
