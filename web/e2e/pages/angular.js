// What an Angular application is without its templates: zone.js, a zone of its own, and drawing when the zone comes to rest.
import 'zone.js';

const app = document.getElementById('app');
const state = { count: 0, answer: '', text: '' };
let tasks = false;
let drawn = 0;

function draw() {
  drawn++;
  app.querySelector('output').textContent = JSON.stringify({ ...state, drawn, stable: !tasks });
}

const zone = Zone.current.fork({
  name: 'angular',
  onInvokeTask(delegate, current, target, task, self, parameters) {
    try {
      return delegate.invokeTask(target, task, self, parameters);
    } finally {
      draw();
    }
  },
  onHasTask(delegate, current, target, change) {
    delegate.hasTask(target, change);
    if (current !== target || change.change !== 'macroTask') return;
    tasks = change.macroTask;
    console.log(tasks ? 'busy' : 'stable');
    Zone.root.run(draw);
  },
  onHandleError(_delegate, _current, _target, error) {
    console.log('handled', error.message);
    return false;
  },
});

app.innerHTML =
  '<output></output><button id="count">Count</button><button id="ask">Ask</button><button id="late">Late</button><button id="fail">Fail</button><input id="text">';
zone.run(() => {
  const on = (id, type, act) => document.getElementById(id).addEventListener(type, act);
  on('count', 'click', () => {
    state.count++;
  });
  on('ask', 'click', async () => {
    state.answer = await (await fetch('/api/ok')).text();
  });
  on('late', 'click', () =>
    setTimeout(() => {
      state.count += 10;
    }, 15),
  );
  on('fail', 'click', () => {
    throw new Error('mine');
  });
  on('text', 'input', ({ target }) => {
    state.text = target.value;
  });
});
draw();
