// The text of a document with colours, completion and marked problems. Loaded only where a document is edited.
import {
  acceptCompletion,
  autocompletion,
  type Completion,
  type CompletionContext,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { json } from '@codemirror/lang-json';
import { bracketMatching, foldGutter, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, type StateCommand } from '@codemirror/state';
import { EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { type MutableRefObject, useEffect, useRef } from 'react';
import { history, redo, undo } from './history.ts';
import { type JsonSchema, type Option, optionsAt } from './schema-options.ts';

export interface Mark {
  from: number;
  to: number;
  severity: 'error' | 'warning';
  message: string;
}

export interface CodeEditorProps {
  initial: string;
  label: string;
  schema: JsonSchema | null;
  /** Problems of `checked`; drawn only while that is still the text. */
  marks: Mark[];
  checked: string;
  onChange: (text: string) => void;
  onReady: () => void;
  onSave: () => void;
  /** Filled with a way to put the caret at a place. */
  jump: MutableRefObject<((from: number, to: number) => void) | null>;
}

export default function CodeEditor(props: CodeEditorProps) {
  const { marks, checked, jump } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // The view lives as long as the component; what it calls is always the newest.
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({ doc: latest.current.initial, extensions: extensionsFor(latest) }),
    });
    view.current = editor;
    jump.current = (from, to) => {
      const end = Math.min(to, editor.state.doc.length);
      editor.dispatch({ selection: { anchor: Math.min(from, end), head: end }, scrollIntoView: true });
      editor.focus();
    };
    latest.current.onReady();
    return () => {
      jump.current = null;
      editor.destroy();
    };
  }, [jump]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() !== checked) return;
    const diagnostics: Diagnostic[] = marks.map((mark) => ({ ...mark }));
    editor.dispatch(setDiagnostics(editor.state, diagnostics));
  }, [marks, checked]);

  return <div ref={host} className="h-full min-h-0 overflow-hidden rounded-md border border-line-strong bg-surface" />;
}

function extensionsFor(latest: MutableRefObject<CodeEditorProps>) {
  return [
    history,
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    highlightActiveLine(),
    bracketMatching(),
    closeBrackets(),
    json(),
    indentUnit.of('  '),
    syntaxHighlighting(colours),
    autocompletion({ override: [(context) => complete(context, latest.current.schema)], icons: false }),
    keymap.of([
      {
        key: 'Mod-s',
        run: () => {
          latest.current.onSave();
          return true;
        },
      },
      { key: 'Mod-z', run: undo, preventDefault: true },
      { key: 'Mod-y', mac: 'Mod-Shift-z', run: redo, preventDefault: true },
      { key: 'Mod-Shift-z', run: redo, preventDefault: true },
      { key: 'Mod-a', run: selectAll },
      // While suggestions are open only: otherwise Tab leaves the editor, as it leaves every field.
      { key: 'Tab', run: acceptCompletion },
      ...closeBracketsKeymap,
      ...completionKeymap,
      { key: 'Enter', run: newLine },
    ]),
    // An editable element takes focus by itself; said aloud, so that checkers know that the box can be scrolled by keys.
    EditorView.contentAttributes.of({
      'aria-label': latest.current.label,
      tabindex: '0',
      spellcheck: 'false',
      autocorrect: 'off',
    }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
    look,
  ];
}

/** What the browser selects by itself is only what is drawn. */
const selectAll: StateCommand = ({ state, dispatch }) => {
  dispatch(state.update({ selection: { anchor: 0, head: state.doc.length }, userEvent: 'select' }));
  return true;
};

/** A new line as deep as this one, one deeper behind an opening bracket, with the closing one on a line of its own. */
const newLine: StateCommand = ({ state, dispatch }) => {
  const { from, to } = state.selection.main;
  const line = state.doc.lineAt(from);
  const indent = /^\s*/.exec(line.text.slice(0, from - line.from))?.[0] ?? '';
  const isOpen = /[[{]$/.test(state.sliceDoc(Math.max(0, from - 1), from));
  const isClosed = /^[\]}]/.test(state.sliceDoc(to, to + 1));
  const insert = `\n${indent}${isOpen ? '  ' : ''}`;
  dispatch(
    state.update({
      changes: { from, to, insert: isOpen && isClosed ? `${insert}\n${indent}` : insert },
      selection: { anchor: from + insert.length },
      userEvent: 'input',
      scrollIntoView: true,
    }),
  );
  return true;
};

function complete(context: CompletionContext, schema: JsonSchema | null) {
  if (schema === null) return null;
  const text = context.state.doc.toString();
  const found = optionsAt(schema, text, context.pos);
  // Between two values nothing opens by itself: only inside a word, or when asked for.
  if (!found || (!context.explicit && found.from === context.pos)) return null;
  const options = found.options.map(
    (option): Completion => ({
      label: option.text,
      displayLabel: option.label,
      detail: option.detail,
      boost: option.isRequired ? 10 : 0,
      apply: found.kind === 'property' ? insertProperty(option) : option.text,
    }),
  );
  return { from: found.from, to: found.to, options };
}

/** The name, and behind it a value to go on in where there is none yet. */
const insertProperty = (option: Option) => (view: EditorView, _completion: Completion, from: number, to: number) => {
  const after = view.state.sliceDoc(to, to + 60);
  const skeleton = option.skeleton ?? '';
  const isNamed = /^\s*:/.test(after);
  const insert = isNamed ? option.text : `${option.text}: ${skeleton}${/^\s*"/.test(after) ? ',' : ''}`;
  const inside = skeleton.length === 2 ? 1 : skeleton.length;
  const caret = from + (isNamed ? insert.length : option.text.length + 2 + inside);
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: caret }, userEvent: 'input.complete' });
};

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--ok)' },
  { tag: tags.number, color: 'var(--busy)' },
  { tag: [tags.bool, tags.null], color: 'var(--held)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12px', color: 'var(--ink)', backgroundColor: 'var(--surface)' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--font-mono, monospace)', lineHeight: '1.5', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '8px 0' },
  '.cm-gutters': { backgroundColor: 'var(--sunken)', color: 'var(--faint)', border: 'none' },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--accent) 6%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--ink)' },
  '.cm-matchingBracket': { backgroundColor: 'color-mix(in srgb, var(--accent) 20%, transparent)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', borderRadius: '6px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--primary)',
    color: 'var(--on-primary)',
  },
  '.cm-completionDetail': { color: 'var(--faint)', fontStyle: 'normal', marginLeft: '1em' },
  'li[aria-selected] .cm-completionDetail': { color: 'inherit' },
  '.cm-diagnostic': { fontFamily: 'var(--font-sans, sans-serif)', padding: '4px 8px' },
  '.cm-foldPlaceholder': { backgroundColor: 'var(--idle-soft)', border: 'none', color: 'var(--idle)' },
});
