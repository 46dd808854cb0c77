import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLogger } from '#server/lib/index.ts';
import { createLiveness } from './publisher-liveness.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mainspring-liveness-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const log = createLogger({ level: 'silent', tier: 'test' });
const touched = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

it('touches its file when every lane and the keeper have completed a turn, and not before', async () => {
  const livenessFile = join(home, 'all.alive');
  const liveness = createLiveness({ livenessFile, log, restMs: 0 });
  for (const who of ['keeper', 0, 1] as const) liveness.join(who);
  for (let n = 0; n < 5; n += 1) {
    liveness.completed('keeper');
    liveness.completed(0);
  }
  await liveness.settled();
  expect([await touched(livenessFile), liveness.lastTurnAt()]).toEqual([false, null]);
  liveness.completed(1);
  await liveness.settled();
  expect(await touched(livenessFile)).toBe(true);
  const first = liveness.lastTurnAt();
  liveness.completed(1);
  expect(liveness.lastTurnAt()).toBe(first);
});

it('waits no more for a lane that is another’s now', async () => {
  const livenessFile = join(home, 'left.alive');
  const liveness = createLiveness({ livenessFile, log, restMs: 0 });
  liveness.join('keeper');
  liveness.join(0);
  liveness.completed('keeper');
  liveness.leave(0);
  await liveness.settled();
  expect(await touched(livenessFile)).toBe(true);
});
