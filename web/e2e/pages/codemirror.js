import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';

const extensions = [
  lineNumbers(),
  history(),
  highlightActiveLine(),
  keymap.of([...defaultKeymap, ...historyKeymap]),
  EditorView.updateListener.of(({ docChanged, state }) => docChanged && console.log('changed', state.doc.length)),
];
window.view = new EditorView({
  parent: document.getElementById('app'),
  state: EditorState.create({ doc: 'line one\nline two\nline three\n', extensions }),
});
