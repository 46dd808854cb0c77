// Undo and redo for the code editor: each step is kept as the change that takes it back.
import {
  Annotation,
  type ChangeSet,
  type EditorSelection,
  type StateCommand,
  StateField,
  Transaction,
} from '@codemirror/state';

interface Step {
  /** Applied to the document after the step, gives the one before. */
  inverse: ChangeSet;
  selection: EditorSelection;
  atMs: number;
}
interface History {
  done: Step[];
  undone: Step[];
}

/** Typing with pauses no longer than this is one step, in milliseconds. */
const JOIN_MS = 600;
const MAX_STEPS = 500;

const replay = Annotation.define<'undo' | 'redo'>();

/** The steps taken and taken back; add it to the editor's extensions. */
export const history = StateField.define<History>({
  create: () => ({ done: [], undone: [] }),
  update({ done, undone }, tr) {
    if (!tr.docChanged) return { done, undone };
    const atMs = tr.annotation(Transaction.time) ?? 0;
    const step: Step = { inverse: tr.changes.invert(tr.startState.doc), selection: tr.startState.selection, atMs };
    const direction = tr.annotation(replay);
    if (direction === 'undo') return { done: done.slice(0, -1), undone: [...undone, step] };
    if (direction === 'redo') return { done: [...done, step], undone: undone.slice(0, -1) };
    const last = done.at(-1);
    const isTyping = tr.isUserEvent('input.type') || tr.isUserEvent('delete');
    if (last && isTyping && atMs - last.atMs < JOIN_MS) {
      const joined = { inverse: step.inverse.compose(last.inverse), selection: last.selection, atMs };
      return { done: [...done.slice(0, -1), joined], undone: [] };
    }
    return { done: [...done.slice(1 - MAX_STEPS), step], undone: [] };
  },
});

const command =
  (direction: 'undo' | 'redo'): StateCommand =>
  ({ state, dispatch }) => {
    const step = state.field(history)[direction === 'undo' ? 'done' : 'undone'].at(-1);
    if (!step) return false;
    dispatch(
      state.update({
        changes: step.inverse,
        selection: step.selection,
        annotations: replay.of(direction),
        scrollIntoView: true,
      }),
    );
    return true;
  };

/** Takes the last step back; false when there is none. */
export const undo = command('undo');
/** Does again what was taken back last. */
export const redo = command('redo');
