import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answerOr, onLostAnswer } from './lost-answer.ts';

/** `isThere` says whether the server is there again, asked for the first, second, … time. */
function answerTo(serverAction: () => Promise<unknown>, isThere = [true], signal = new AbortController().signal) {
  const args = { serverAction: serverAction as <T>() => Promise<T>, request: new Request('http://x.test', { signal }) };
  return answerOr(
    args,
    (error) => ({ ok: false, error }),
    async () => isThere.shift() ?? true,
  );
}

describe('a form whose answer never came', () => {
  it.each([
    ['the network is gone', new TypeError('Failed to fetch')],
    ['a proxy answers', new Error('Unable to decode turbo-stream response from URL: http://x.test/ops/outbox.data')],
  ])('is a failure that does not say that nothing was done: %s', async (_what, error) => {
    const answer = await answerTo(() => Promise.reject(error));
    expect(answer).toMatchObject({ status: 503 });
    expect(await (answer as Response).json()).toMatchObject({
      ok: false,
      error: { code: 'ANSWER_LOST', message: expect.stringContaining('not known whether this was done') },
    });
  });

  it('is told at once, and answered only when the server is there again: the loaders are asked then', async () => {
    const told: string[] = [];
    const end = onLostAnswer(() => told.push('lost'));
    const isThere = [false, true];
    const answer = answerTo(() => Promise.reject(new TypeError('Failed to fetch')), isThere).then(() =>
      told.push('answered'),
    );
    await expect.poll(() => told).toEqual(['lost']);
    await answer;
    end();
    expect([told, isThere]).toEqual([['lost', 'answered'], []]);
  });

  it('is waited for no longer than the page wants it', async () => {
    const signal = AbortSignal.abort();
    const isThere = [false];
    await answerTo(() => Promise.reject(new TypeError('Failed to fetch')), isThere, signal);
    expect(isThere).toEqual([false]);
  });

  it('is not what a redirect, a failure of the server or a submission that was given up is taken for', async () => {
    for (const thrown of [
      Response.redirect('http://x.test/login'),
      new Error('Unexpected Server Error'),
      new DOMException('signal is aborted without reason', 'AbortError'),
    ])
      await expect(answerTo(() => Promise.reject(thrown))).rejects.toBe(thrown);
    await expect(answerTo(() => Promise.resolve({ ok: true }))).resolves.toEqual({ ok: true });
  });
});

/** The doors come to something else; what has no page of its own is loaded when its form is sent, and this with it. */
const OTHERS = [
  ...['session/login.tsx', 'session/logout.ts', 'accounts/invite.tsx', 'accounts/reset.tsx'],
  ...['shell/preferences.ts', 'shell/tenant.ts'],
];

it('is told by every page with an action', () => {
  const silent = globSync('**/*.{ts,tsx}', { cwd: import.meta.dirname }).filter((file) => {
    const source = readFileSync(`${import.meta.dirname}/${file}`, 'utf8');
    return /^export (const|async function|function) action\b/m.test(source) && !source.includes('{ clientAction }');
  });
  expect(silent.sort()).toEqual(OTHERS.toSorted());
});
