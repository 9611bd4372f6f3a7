/** @jsxImportSource preact */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';

class Card extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: this.getAttribute('mode') ?? 'open' });
    render(<Counter name={this.getAttribute('name')} />, root);
  }
}

function Counter({ name }) {
  const [count, setCount] = useState(0);
  const [text, setText] = useState('');
  useEffect(() => {
    console.log(name, count);
  }, [count]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setText('');
      }}
    >
      <button type="button" onClick={() => setCount(count + 1)}>
        {name} {count}
      </button>
      <input value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
      <button type="submit">Send</button>
      <output>{text}</output>
    </form>
  );
}

customElements.define('x-card', Card);
render(
  <main>
    <x-card name="one" />
    <x-card name="two" mode="closed" />
    <div>
      <x-card name="three" />
    </div>
  </main>,
  document.getElementById('app'),
);
