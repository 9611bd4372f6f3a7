import { css, html, LitElement } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

class List extends LitElement {
  static properties = { items: { type: Array }, filter: { type: String } };
  static styles = css`li { padding: 4px }`;
  static formAssociated = true;

  constructor() {
    super();
    this.items = ['one', 'two', 'three'];
    this.filter = '';
    this.internals = this.attachInternals();
  }

  render() {
    const shown = this.items.filter((item) => item.includes(this.filter));
    return html`
      <input .value=${this.filter} @input=${({ target }) => {
        this.filter = target.value;
        this.internals.setFormValue(target.value);
      }}>
      <ul>${repeat(
        shown,
        (item) => item,
        (item) => html`<li><button @click=${() => this.take(item)}>${item}</button></li>`,
      )}</ul>
      <slot></slot>`;
  }

  take(item) {
    this.items = this.items.filter((other) => other !== item);
    this.dispatchEvent(new CustomEvent('taken', { detail: item, bubbles: true, composed: true }));
  }
}

customElements.define('x-list', List);
addEventListener('taken', ({ detail, target }) => console.log('taken', detail, target.localName));
document.getElementById('app').innerHTML =
  '<form><x-list name="list"><button type="button" id="slotted">slotted</button></x-list><input name="shadowRoot"></form>';
document.getElementById('slotted').onclick = ({ composedPath }) => console.log(typeof composedPath);
