import { EditorState, type Transaction } from '@codemirror/state';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { history, redo, undo } from './history.ts';

function open(doc: string) {
  let state = EditorState.create({ doc, extensions: [history] });
  const dispatch = (tr: Transaction) => {
    state = tr.state;
  };
  return {
    text: () => state.doc.toString(),
    caret: () => state.selection.main.head,
    replace: (from: number, to: number, insert: string, userEvent = 'input.paste') =>
      dispatch(state.update({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, userEvent })),
    undo: () => undo({ state, dispatch }),
    redo: () => redo({ state, dispatch }),
  };
}

describe('undo in the editor', () => {
  it('takes back and does again, with the caret where it was', () => {
    const editor = open('ab');
    editor.replace(1, 1, 'X');
    expect(editor.undo()).toBe(true);
    expect([editor.text(), editor.caret()]).toEqual(['ab', 0]);
    expect(editor.redo()).toBe(true);
    expect(editor.text()).toBe('aXb');
    editor.undo();
    expect(editor.undo()).toBe(false);
  });
  it('takes a stretch of typing back as one', () => {
    const editor = open('');
    for (const [at, letter] of [...'word'].entries()) editor.replace(at, at, letter, 'input.type');
    editor.undo();
    expect(editor.text()).toBe('');
    editor.redo();
    expect(editor.text()).toBe('word');
  });
  it('forgets what was taken back once something else is typed', () => {
    const editor = open('a');
    editor.replace(0, 1, 'b');
    editor.undo();
    editor.replace(0, 1, 'c');
    expect(editor.redo()).toBe(false);
    expect(editor.text()).toBe('c');
  });
  it('comes back to the first text after any edits, and to the last after as many redos', () => {
    const edit = fc.record({
      from: fc.nat(20),
      length: fc.nat(5),
      insert: fc.string({ maxLength: 4 }),
      isTyped: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), fc.array(edit, { maxLength: 12 }), (first, edits) => {
        const editor = open(first);
        const start = editor.text();
        for (const { from, length, insert, isTyped } of edits) {
          const at = Math.min(from, editor.text().length);
          const end = Math.min(at + length, editor.text().length);
          editor.replace(at, end, insert.replaceAll('\r', ''), isTyped ? 'input.type' : 'input.paste');
        }
        const last = editor.text();
        while (editor.undo()) {}
        expect(editor.text()).toBe(start);
        while (editor.redo()) {}
        expect(editor.text()).toBe(last);
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});
