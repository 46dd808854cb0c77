import { DrizzleQueryError } from 'drizzle-orm/errors';
import { describe, expect, it } from 'vitest';
import { messageOf, stackOf } from './error-text.ts';
import { createLogger, logError } from './log.ts';

const STATEMENT = 'select id from customers\nwhere mail = $1 and card = $2';
const failed = (...params: unknown[]) => new DrizzleQueryError(STATEMENT, params, new Error('no such table'));
const framesOf = (stack = '') => stack.split('\n').filter((line) => /^ {4}at .*error-text\.test\.ts:\d+/.test(line));

describe('a failed statement', () => {
  it.each([
    ['in one line', 'a@canary.example', '4111canary'],
    ['of several lines', 'a@canary\nb@canary\n\nc@canary', '4111\ncanary'],
    ['that look like the rest of it', 'x\nparams: canary', 'y\n    at canary (file:///canary.ts:1:1)'],
    ['with signs that a replacement knows', "$& canary $1 $'", '$`canary'],
  ])('keeps its text and the frames, and loses parameters %s', (_which, ...params) => {
    const error = failed(...params);
    expect(error.message).toContain('canary');
    expect(messageOf(error)).toBe(`Failed query: ${STATEMENT}`);
    const stack = stackOf(error) ?? '';
    expect(stack).toMatch(/^Error: Failed query: select id from customers\nwhere mail = \$1 and card = \$2\n {4}at /);
    expect(framesOf(stack)).toEqual(framesOf(error.stack));
    expect(framesOf(stack).length).toBeGreaterThan(0);
    expect(stack).not.toMatch(/canary|params/);
  });

  it('loses them where another error has taken its message over, or its own was changed', () => {
    const cause = failed('a@canary', 'b\n    at canary');
    const wrapped = new Error(`it could not be done: ${cause.message}`, { cause });
    expect(messageOf(wrapped)).toBe(`it could not be done: Failed query: ${STATEMENT}`);
    expect(framesOf(stackOf(wrapped)).length).toBeGreaterThan(0);
    const changed = failed('a@canary', 'b\n    at canary');
    changed.message = 'in other words';
    const borrowed = Object.assign(new Error('in other words'), { stack: `Error: in other words\n${cause.stack}` });
    const texts = [stackOf(wrapped), stackOf(changed), stackOf(borrowed), messageOf(cause.message)];
    for (const text of texts) expect(text).not.toMatch(/canary|params/);
  });

  it('reaches the log without them, also as the cause of a cause', () => {
    const lines: string[] = [];
    const log = createLogger({ level: 'error', tier: 'test', write: (line) => lines.push(line) });
    const error = failed('a@canary\nb', '4111canary');
    logError(log, error, 'failed');
    logError(log, new Error('first', { cause: new Error(error.message, { cause: error }) }), 'failed');
    logError(log, error.message, 'failed');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toMatch(/canary|4111|params/);
    const [first, second] = lines.map((line) => JSON.parse(line).err);
    expect(first.message).toBe(`Failed query: ${STATEMENT}: no such table`);
    expect(second.message).toBe(`first: Failed query: ${STATEMENT}: Failed query: ${STATEMENT}: no such table`);
    expect(framesOf(first.stack).length).toBeGreaterThan(framesOf(error.stack).length);
    expect(second.stack.match(/caused by: /g)).toHaveLength(3);
  });
});

it('any other error is told as it is', () => {
  const error = new Error('the params: of it\nparams: 1');
  expect([messageOf(error), stackOf(error)]).toEqual([error.message, error.stack]);
  const [empty, bare] = [new Error(''), Object.assign(new Error('x'), { stack: undefined })];
  expect([stackOf(empty), stackOf(bare)]).toEqual([empty.stack, undefined]);
  expect([messageOf('Failed'), messageOf(7)]).toEqual(['Failed', '7']);
});
