import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { reapEvents } from './index.ts';
import { log, openOutbox } from './testing/outbox.ts';

const db = await testDatabase();
const { restart, append } = await openOutbox(db);
beforeEach(restart);

describe('the reaper', () => {
  it('resets only rows that have been in processing for too long, and twice is as once', async () => {
    await append(['a', 'b']);
    await db.owner`update outbox_events set status = 'processing', claim_token = 1, updated_at = now() - interval '301 seconds' where key = 'a'`;
    await db.owner`update outbox_events set status = 'processing', claim_token = 1, updated_at = now() - interval '299 seconds' where key = 'b'`;
    const first = await reapEvents({ pool: db.worker, log }, undefined);
    expect(first).toEqual({
      ...{ status: 'ok', stalenessSeconds: 300, resetCount: 1 },
      ...{ durationMs: expect.any(Number), timestamp: expect.stringMatching(/Z$/) },
    });
    expect((await reapEvents({ pool: db.worker, log }, undefined)).resetCount).toBe(0);
    const rows = await db.owner`select key, status from outbox_events order by key`;
    expect([...rows]).toEqual([
      { key: 'a', status: 'pending' },
      { key: 'b', status: 'processing' },
    ]);
  });

  /** What it went by with a setting, and what it told of that. */
  const reapWith = async (staleness: string | undefined) => {
    const lines: unknown[] = [];
    const log = createLogger({ level: 'info', tier: 'test', write: (line) => lines.push(JSON.parse(line)) });
    const { stalenessSeconds } = await reapEvents({ pool: db.worker, log }, staleness);
    return { stalenessSeconds, lines };
  };

  it.each(['0', '-5', 'soon', '1.5'])('takes 300 seconds and warns when the setting is %j', async (staleness) => {
    const { stalenessSeconds, lines } = await reapWith(staleness);
    expect(stalenessSeconds).toBe(300);
    expect(lines).toMatchObject([
      {
        ...{ level: 'warn', given: staleness, used: 300 },
        msg: 'OUTBOX_REAPER_STALENESS_SECONDS is not a positive whole number of seconds; the default is used',
      },
    ]);
  });

  it.each([
    [undefined, 300],
    ['300', 300],
    ['60', 60],
  ])('warns of nothing when the setting is %j', async (staleness, stalenessSeconds) => {
    expect(await reapWith(staleness)).toEqual({ stalenessSeconds, lines: [] });
  });
});
