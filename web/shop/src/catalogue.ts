/** What the shop sells. */

export type Size = 's' | 'm' | 'l' | 'xl';

export interface Box {
  id: string;
  name: string;
  size: Size;
  litres: number;
  city: string;
  /** Per month, in euros. */
  price: number;
  climate: boolean;
  tone: number;
  blurb: string;
}

export const SIZE_NAMES: Record<Size, string> = { s: 'Small', m: 'Medium', l: 'Large', xl: 'Room' };

export const BOXES: Box[] = [
  {
    id: 'attic',
    name: 'The Attic',
    size: 'm',
    litres: 240,
    city: 'Berlin',
    price: 19,
    climate: false,
    tone: 0,
    blurb: 'Winter coats, ski boots, the tent you use twice a year.',
  },
  {
    id: 'archive',
    name: 'The Archive',
    size: 's',
    litres: 80,
    city: 'Hamburg',
    price: 9,
    climate: true,
    tone: 1,
    blurb: 'Papers, photographs and everything that dislikes damp.',
  },
  {
    id: 'studio',
    name: 'The Studio',
    size: 'l',
    litres: 620,
    city: 'Berlin',
    price: 39,
    climate: true,
    tone: 2,
    blurb: 'Instruments, canvases and cameras, kept at 19 degrees.',
  },
  {
    id: 'nomad',
    name: 'The Nomad',
    size: 'xl',
    litres: 3200,
    city: 'Munich',
    price: 89,
    climate: false,
    tone: 3,
    blurb: 'A whole room for a year abroad, collected at your door.',
  },
  {
    id: 'cellar',
    name: 'The Cellar',
    size: 'm',
    litres: 260,
    city: 'Cologne',
    price: 24,
    climate: true,
    tone: 4,
    blurb: 'Bottles lie flat, the dark stays dark, nothing rattles.',
  },
  {
    id: 'garage',
    name: 'The Garage',
    size: 'xl',
    litres: 2800,
    city: 'Hamburg',
    price: 74,
    climate: false,
    tone: 5,
    blurb: 'Bicycles, tyres and the workbench you will need again.',
  },
  {
    id: 'nursery',
    name: 'The Nursery',
    size: 'l',
    litres: 540,
    city: 'Munich',
    price: 34,
    climate: false,
    tone: 1,
    blurb: 'The cot, the pram and every tiny jumper, for the next one.',
  },
  {
    id: 'drawer',
    name: 'The Drawer',
    size: 's',
    litres: 60,
    city: 'Berlin',
    price: 7,
    climate: false,
    tone: 3,
    blurb: 'One box of things that you are not ready to decide about.',
  },
];

export function boxById(id: string | null): Box {
  return BOXES.find((box) => box.id === id) ?? (BOXES[0] as Box);
}
