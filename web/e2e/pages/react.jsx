import { Component, createContext, Suspense, useContext, useEffect, useId, useReducer, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { createRoot } from 'react-dom/client';

const Theme = createContext('light');

function reduce(items, { type, text, id }) {
  if (type === 'add') return [...items, { id: items.length + 1, text, done: false }];
  if (type === 'toggle') return items.map((item) => (item.id === id ? { ...item, done: !item.done } : item));
  return items.filter((item) => !item.done);
}

function Form({ add }) {
  const [text, setText] = useState('');
  const [size, setSize] = useState('m');
  const id = useId();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        add(`${text} ${size}`);
        setText('');
      }}
    >
      <label htmlFor={id}>What</label>
      <input id={id} name="id" value={text} onChange={({ target }) => setText(target.value.toUpperCase())} />
      <select value={size} onChange={({ target }) => setSize(target.value)}>
        <option value="s">small</option>
        <option value="m">medium</option>
        <option value="l">large</option>
      </select>
      <button type="submit">Add</button>
    </form>
  );
}

function Quote() {
  const [price, setPrice] = useState(null);
  const theme = useContext(Theme);
  const asked = useRef(0);
  return (
    <button
      type="button"
      className={theme}
      onClick={() => {
        asked.current++;
        fetch('/api/ok')
          .then((response) => response.json())
          .then(({ ok }) => setPrice(String(ok)));
      }}
    >
      Quote {price} {asked.current}
    </button>
  );
}

class Boundary extends Component {
  state = { failed: null };
  static getDerivedStateFromError(failed) {
    return { failed };
  }
  render() {
    return this.state.failed ? <p>failed: {this.state.failed.message}</p> : this.props.children;
  }
}

function Bomb() {
  const [on, setOn] = useState(false);
  if (on) throw new Error('mine');
  return (
    <button type="button" onClick={() => setOn(true)}>
      Fail
    </button>
  );
}

function App() {
  const [items, send] = useReducer(reduce, [{ id: 1, text: 'first', done: false }]);
  const [ticks, setTicks] = useState(0);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (ticks === 3) return;
    const timer = setInterval(() => setTicks(ticks + 1), 20);
    return () => clearInterval(timer);
  }, [ticks]);
  return (
    <Theme.Provider value="dark">
      <h1>Tasks {ticks}</h1>
      <Form add={(text) => send({ type: 'add', text })} />
      <ul>
        {items.map(({ id, text, done }) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={done} onChange={() => send({ type: 'toggle', id })} /> {text}
            </label>
          </li>
        ))}
      </ul>
      <button type="button" onClick={() => send({ type: 'clear' })}>
        Clear
      </button>
      <button type="button" onClick={() => setOpen(!open)} onPointerEnter={() => console.log('entered')}>
        Window
      </button>
      {open && createPortal(<aside tabIndex={0}>in a portal</aside>, document.body)}
      <Suspense>
        <Quote />
      </Suspense>
      <Boundary>
        <Bomb />
      </Boundary>
    </Theme.Provider>
  );
}

createRoot(document.getElementById('app')).render(<App />);
