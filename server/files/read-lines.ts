import { isUtf8 } from 'node:buffer';

/** A physical line without its line feed; a carriage return before it is still there. */
export type Line = {
  /** From 1. */
  number: number;
  /** Cut to the limit when too long; with replacement characters when it is not UTF-8. */
  text: string;
  /** Why PostgreSQL cannot take it, or null. */
  problem: string | null;
};

/** A longer line is set aside without being held in memory. 1 MiB is PostgreSQL-friendly and far above real rows. */
export const MAX_LINE_BYTES = 1_048_576;
/** How much of such a line is kept to show. */
const SHOWN_BYTES = 65_536;

/** Lines in batches, one per chunk read: bounded memory whatever the file holds. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let number = 0;
  const end = (last: Buffer): Line => {
    number += 1;
    const bytes = restBytes + last.length;
    const whole = rest.length === 0 ? last : Buffer.concat([...rest, last]);
    rest = [];
    restBytes = 0;
    return toLine(number, whole, bytes);
  };
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      lines.push(end(chunk.subarray(from, at)));
      from = at + 1;
    }
    if (from < chunk.length) {
      // Beyond the limit only the length is counted on.
      if (restBytes <= MAX_LINE_BYTES) rest.push(chunk.subarray(from));
      restBytes += chunk.length - from;
    }
    if (lines.length > 0) yield lines;
  }
  if (restBytes > 0) yield [end(Buffer.alloc(0))];
}

function toLine(number: number, bytes: Buffer, length: number): Line {
  if (length > MAX_LINE_BYTES) {
    const text = bytes.toString('utf8', 0, SHOWN_BYTES).replaceAll('\u0000', '\ufffd');
    return { number, text, problem: `the line has ${length} bytes, more than ${MAX_LINE_BYTES}` };
  }
  const start = number === 1 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  const text = bytes.toString('utf8', start);
  if (!isUtf8(bytes)) return { number, text: withoutZero(text), problem: 'the line is not UTF-8 text' };
  if (text.includes('\u0000')) return { number, text: withoutZero(text), problem: 'the line contains a zero byte' };
  return { number, text, problem: null };
}

const withoutZero = (text: string) => text.replaceAll('\u0000', '\ufffd');
