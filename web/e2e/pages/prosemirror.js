import { baseKeymap, toggleMark } from 'prosemirror-commands';
import { history, redo, undo } from 'prosemirror-history';
import { keymap } from 'prosemirror-keymap';
import { DOMParser } from 'prosemirror-model';
import { schema } from 'prosemirror-schema-basic';
import { EditorState } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';

const content = document.createElement('div');
content.innerHTML = '<h2>Title</h2><p>One <b>bold</b> word.</p><p>Two.</p>';
const app = document.getElementById('app');
const bold = Object.assign(app.appendChild(document.createElement('button')), { textContent: 'Bold' });
const view = new EditorView(app.appendChild(document.createElement('div')), {
  state: EditorState.create({
    doc: DOMParser.fromSchema(schema).parse(content),
    plugins: [
      history(),
      keymap({ 'Mod-z': undo, 'Mod-y': redo, 'Mod-b': toggleMark(schema.marks.strong) }),
      keymap(baseKeymap),
    ],
  }),
  dispatchTransaction(transaction) {
    view.updateState(view.state.apply(transaction));
    if (transaction.docChanged) console.log('changed', view.state.doc.content.size);
  },
});
bold.addEventListener('mousedown', (event) => {
  event.preventDefault();
  toggleMark(schema.marks.strong)(view.state, view.dispatch);
});
