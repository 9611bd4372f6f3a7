import { computed, createApp, h, nextTick, onMounted, ref, Teleport, Transition, watch } from 'vue';

const App = {
  setup() {
    const rows = ref([{ name: 'first', count: 1 }]);
    const name = ref('');
    const open = ref(false);
    const total = computed(() => rows.value.reduce((sum, { count }) => sum + count, 0));
    watch(total, (now, before) => console.log('total', before, now));
    onMounted(() => nextTick(() => console.log('mounted')));
    const add = (event) => {
      event.preventDefault();
      rows.value.push({ name: name.value, count: 1 });
      name.value = '';
    };
    return () => [
      h('h1', `Total ${total.value}`),
      h('form', { onSubmit: add }, [
        h('input', {
          name: 'closest',
          value: name.value,
          onInput: ({ target }) => {
            name.value = target.value;
          },
        }),
        h('button', 'Add'),
      ]),
      h(
        'table',
        rows.value.map((row) =>
          h('tr', { key: row.name }, [
            h('td', row.name),
            h('td', h('button', { onClick: () => row.count++ }, `+ ${row.count}`)),
          ]),
        ),
      ),
      h(
        'button',
        {
          onClick: () => {
            open.value = !open.value;
          },
        },
        'Toggle',
      ),
      h(Transition, { css: false }, () => (open.value ? h('p', { tabindex: 0 }, 'shown') : undefined)),
      h(Teleport, { to: 'body' }, open.value ? h('aside', 'elsewhere') : undefined),
      h(
        'button',
        {
          onClick: () => {
            throw new Error('mine');
          },
        },
        'Fail',
      ),
    ];
  },
};

const app = createApp(App);
app.config.errorHandler = (error) => console.log('handled', error.message);
// What a page does that records its own state: a reactive object, without end.
window.state = app.mount('#app');
