/** A drawn box: three faces, a label and tape, coloured by the style sheet. */
import type { Box } from './catalogue.ts';

const SVG = 'http://www.w3.org/2000/svg';
const SCALE = { s: 0.62, m: 0.78, l: 0.9, xl: 1 };

function shape(name: string, attributes: Record<string, string>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function drawBox(box: Box): SVGElement {
  const picture = shape('svg', {
    viewBox: '0 0 200 150',
    class: `art tone-${box.tone}`,
    role: 'img',
    'aria-label': `${box.name}, a storage box`,
  });
  const group = shape('g', { transform: `translate(100 78) scale(${SCALE[box.size]})` });
  group.append(
    shape('ellipse', { cx: '0', cy: '52', rx: '78', ry: '13', class: 'shadow' }),
    shape('polygon', { points: '-62,-22 0,8 0,60 -62,28', class: 'left' }),
    shape('polygon', { points: '62,-22 0,8 0,60 62,28', class: 'right' }),
    shape('polygon', { points: '0,-52 62,-22 0,8 -62,-22', class: 'top' }),
    shape('polygon', { points: '-36,-35 26,-5 36,-10 -26,-40', class: 'tape' }),
    shape('polygon', { points: '26,-5 36,-10 36,8 26,13', class: 'tape' }),
    shape('polygon', { points: '-50,-4 -18,12 -18,32 -50,16', class: 'label' }),
    shape('polyline', { points: '-45,4 -24,14', class: 'line' }),
    shape('polyline', { points: '-45,11 -30,18', class: 'line' }),
  );
  if (box.climate) group.append(shape('circle', { cx: '46', cy: '18', r: '7', class: 'seal' }));
  picture.append(group);
  return picture;
}
