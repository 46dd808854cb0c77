import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { dsarReceiptHash } from './receipts.ts';
import { addSubject, findAnywhere, findInBlobs, type Office, openOffice, readBundle } from './testing/index.ts';

const db = await testDatabase();
const SCRIPT = fileURLToPath(new URL('./testing/erase-process.ts', import.meta.url));
/** At each fail point; `npm run chaos:dsar` does as many as CHAOS_KILLS says. */
const KILLS = Number(process.env.CHAOS_KILLS ?? 1);

async function carryOutUntilKilled({ tenant, folder }: Office, failPoint: string, at: number): Promise<void> {
  const child = spawn(process.execPath, [SCRIPT, db.workerUrl, tenant.id, tenant.slug, folder, failPoint, String(at)], {
    stdio: 'inherit',
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  // It died where it should; one that went past the point ends with 0.
  expect(signal).toBe('SIGKILL');
}

async function addFiles({ blobs, tenant }: Office): Promise<void> {
  const line = (customerId: string, n: number) => `{"customerId": "${customerId}", "n": ${n}}\n`;
  for (let day = 1; day <= 3; day += 1)
    await blobs.put(
      `exports/${tenant.id}/interaction_history/year=2026/month=01/day=0${day}/batch-1.json`,
      day === 3 ? line('killed-1', 3) : line('killed-1', day) + line('other-1', day) + line('killed-1', day),
    );
}

describe('an erasure that is killed', () => {
  it.each([
    ['opened', 1],
    ['writers', 2],
    ['deleted', 1],
    ['deleted', 5],
    ['batch', 1],
    ['batch', 8],
    ['batch', 25],
    ['blob', 1],
    ['blobs', 1],
    ['noted', 1],
    ['file', 1],
    ['file', 3],
    ['files', 1],
    ['searched', 1],
    ['completed', 1],
  ])(
    'at %s, time %i, is finished by the next cleanup, with counts that are right and one receipt',
    async (point, at) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const office = await openOffice(db, `kill-${point}-${at}-${kill}`);
        await addSubject(db, office, { customerId: 'killed-1', count: 25 });
        await addSubject(db, office, { customerId: 'other-1', count: 3 });
        await addFiles(office);
        const { id } = await office.ask('killed-1');
        await office.makeDue(id);
        await carryOutUntilKilled(office, `dsar.${point}`, at);
        const { errors } = await office.carryOut({ batchRows: 10 });
        expect(errors).toEqual([]);
        const done = await office.get(id);
        expect(done).toMatchObject({
          state: 'completed',
          counts: {
            ...{ interaction_history: 25, interaction_outcomes: 25, decision_traces: 25, ai_attachments: 25 },
            ...{ blobs: 25, outbox_events: 25, engagement_scores: 1, exported_lines: 5 },
          },
        });
        expect(dsarReceiptHash(office.tenant.id, { ...done, receiptNo: 1, receipt: done.receipt! })).toBe(done.hash);
        expect(await findAnywhere(db, office.tenant.id, 'killed-1')).toEqual([]);
        const folders = [`exports/${office.tenant.id}`, `attachments/${office.tenant.id}`];
        expect(await findInBlobs(office.blobs, folders, 'killed-1')).toEqual([]);
        expect(await findInBlobs(office.blobs, folders, 'other-1')).toHaveLength(5);
        const audits =
          await db.owner`select from audit_log where tenant_id = ${office.tenant.id} and action = 'dsar.complete'`;
        expect(audits).toHaveLength(1);
      }
    },
    120_000 * (KILLS + 1),
  );
});

describe('an access request that is killed', () => {
  it.each(['opened', 'given', 'bundled'])(
    'at %s is carried out by the next cleanup, with one whole bundle',
    async (point) => {
      const office = await openOffice(db, `access-${point}`);
      await addSubject(db, office, { customerId: 'killed-2', count: 5 });
      const { id } = await office.ask('killed-2', 'access');
      await carryOutUntilKilled(office, `dsar.${point}`, 1);
      expect((await office.carryOut()).counts).toMatchObject({ dsarCompleted: 1 });
      const { bundle } = await office.get(id);
      expect(await readBundle(db, office, id)).toHaveLength(bundle!.sizeBytes);
    },
    120_000,
  );
});
