/**
 * What the recorder on the page and the encoder in the worker say to each other: numbers in a row, and all texts in one string,
 * of which the numbers say how long each is. A name (of elements and attributes) is the number by which it was told first; −1
 * says that a new one follows, −2 that no more names do.
 */

/** No more names. */
export const NAMES_END = -2;

/** An attribute that the page does not have: a person typed into this, and all in it may be theirs. */
export const EDITED = 'data-ct-edited';

/** A text longer than this is cut, an attribute longer than this is left out; UTF-16 units. */
export const TEXT_UNITS_MAX = 65_536;
/** Of a document and its frames. With more there is no recording. */
export const RECORDED_NODES_MAX = 50_000;

/** The first number of each thing that is told; behind it stands what follows. */
/** Width and height of the viewport, x and y of its scroll, the document's number, whether it is in quirks mode. Begins anew. */
export const SNAPSHOT = 1;
/** Everything of the snapshot was told: microseconds it took, whether it is not whole. */
export const SNAPSHOT_END = 2;
/** A node, document or shadow root, then a list of what stands in it. */
export const CHILDREN = 3;
/** Parent, the node before it (0: none), then a list of nodes that stand there one after the other. */
export const PLACE = 4;
/** A node that is no longer where it was. */
export const REMOVE = 5;
/** A node, its text. */
export const TEXT = 6;
/** An element, then of each attribute its name, and its text, or −1 where it is gone; then −2. */
export const ATTRIBUTES = 7;
/** The element of a frame, the number of its document, whether that is in quirks mode, what addresses in it are relative to. What stands in it follows. */
export const FRAME = 8;
/** The number of a frame's document: all of it was told. */
export const FRAME_END = 9;
/** An element or a document, x, y. */
export const SCROLL = 10;
/** An element, and a field as below. */
export const FIELD = 11;
/** A select, how many options of it are selected, their numbers. */
export const SELECTED = 12;
/** The element of a style sheet, the address that its addresses are relative to, how many rules, the rules. */
export const SHEET = 13;
/** Another sheet's number, its address, how many rules, the rules. */
export const CONSTRUCTED = 14;
/** 1: of an element, 2: of another sheet; its number, the place, the rule. */
export const RULE_INSERT = 15;
/** The same without a rule. */
export const RULE_DELETE = 16;
/** A document or a shadow root, how many sheets it adopts, their numbers. */
export const ADOPTED = 17;
/** Width, height. */
export const VIEWPORT = 18;
/** A player, rrweb's number of what it does, and a player as below. */
export const MEDIA = 19;
/** A popover, how it is displayed; an empty text: it is closed. */
export const POPOVER = 20;
/** An element and the number of its shadow root: from now on it has one. */
export const SHADOW = 21;
/**
 * The element of a style sheet, the address that its addresses are relative to, how many rules it has, and its text, or
 * −1: that lies at the address.
 */
export const SHEET_SOURCE = 22;
/** The element that keys go to. */
export const FOCUS = 23;

/** Kinds of nodes in a list. Behind the last one stands 0; the texts of all of its nodes are one piece of the string. */
/** Number, name, flags, name and text of each attribute, −2, then states as below, then 0. */
export const NODE_ELEMENT = 1;
/** Number, UTF-16 units of its text. */
export const NODE_TEXT = 2;
/** Number, name, public and system identifier. */
export const NODE_DOCTYPE = 3;

/** Flags of an element. */
export const IS_SVG = 1;
/** A blocked one: nothing but its class and its size is told. */
export const IS_BLOCKED = 2;
/** A custom element, defined or not: see `nodes.ts`. */
export const IS_CUSTOM = 4;

/** States of an element. */
/** How it is checked (−1: it cannot be), then what of its value may be known, as below. */
export const STATE_FIELD = 1;
/** An option that is selected. */
export const STATE_SELECTED = 2;
/** x, y. */
export const STATE_SCROLL = 3;
/** Width and height in hundredths of a pixel. */
export const STATE_BOX = 4;
/** How an open popover is displayed. */
export const STATE_POPOVER = 5;
/** Whether it is paused, its time in ms, thousandths of its rate and volume, whether it is muted and repeats. */
export const STATE_MEDIA = 6;
/** The number of its shadow root. */
export const STATE_SHADOW = 7;
/** Nothing but a text stands in it: that one's number, UTF-16 units. */
export const STATE_TEXT = 8;

/** Of a value: its length; */
export const VALUE_LENGTH = 0;
/** the page's own text, as on a button; */
export const VALUE_SHOWN = 1;
/** the value, and the two texts by which it is judged whether that may be told; */
export const VALUE_TO_JUDGE = 2;
/** nothing. */
export const VALUE_NONE = 3;
