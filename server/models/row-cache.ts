// Rows of a table as numbers, read once where they fit into a bounded memory, and once a pass where they do not.
import type { Design } from './design.ts';
import type { Pass } from './logistic.ts';
import type { FeatureValue } from './score.ts';

/** Numbers kept at most: 64 MB. */
const MAX_KEPT = 8_000_000;
const BLOCK_ROWS = 10_000;

/** Whether so many rows are read once. */
export const canKeep = (rows: number, features: number, mostKept = MAX_KEPT): boolean =>
  (Math.floor(rows / BLOCK_ROWS) + 1) * BLOCK_ROWS * features <= mostKept;

type Block = { labels: Uint8Array; codes: Float64Array; rows: number };
type ReadRows = (visit: (row: readonly unknown[]) => void) => Promise<void>;

type Options = { signal?: AbortSignal; mostKept?: number };

/**
 * `read` gives each row as its label and its features, in the design's order. A pass over kept rows throws the signal's
 * reason between two blocks.
 */
export function rowsOnceRead(design: Design, read: ReadRows, { signal, mostKept = MAX_KEPT }: Options = {}): Pass {
  const { features } = design;
  const newBlock = (): Block => ({
    ...{ labels: new Uint8Array(BLOCK_ROWS), rows: 0 },
    codes: new Float64Array(BLOCK_ROWS * features),
  });
  let kept: Block[] = [];
  let state: 'unread' | 'kept' | 'too many' = 'unread';

  return async (visit) => {
    const show = ({ labels, codes, rows }: Block) => {
      for (let row = 0; row < rows; row += 1) visit(labels[row] === 1 ? 1 : 0, codes, row * features);
    };
    if (state === 'kept') {
      for (const block of kept) {
        signal?.throwIfAborted();
        show(block);
        // Other requests of the process are served between two blocks.
        await new Promise(setImmediate);
      }
      return;
    }
    let block = newBlock();
    const finish = () => {
      show(block);
      if (state === 'unread') kept.push(block);
      if (kept.length * BLOCK_ROWS * features > mostKept) [kept, state] = [[], 'too many'];
      if (state === 'unread') block = newBlock();
      else block.rows = 0;
    };
    await read(([label, ...values]) => {
      design.encode(values as FeatureValue[], block.codes, block.rows * features);
      block.labels[block.rows] = label === true ? 1 : 0;
      block.rows += 1;
      if (block.rows === BLOCK_ROWS) finish();
    });
    finish();
    if (state === 'unread') state = 'kept';
  };
}
