import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATA_CLASSES } from '#db/schema/index.ts';
import { testDatabase } from '#db/testing/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { listReceipts, receiptHash } from './receipts.ts';
import { addRows, historyMonth, openKeeper, runPurge } from './testing/index.ts';

const db = await testDatabase();
const SCRIPT = fileURLToPath(new URL('./testing/purge-process.ts', import.meta.url));
/** At each fail point; `npm run chaos:cron` says more. */
const KILLS = Number(process.env.CHAOS_KILLS ?? 1);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'purge-blobs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function purgeUntilKilled(slug: string, failPoint: string, at: number): Promise<void> {
  const child = spawn(process.execPath, [SCRIPT, db.workerUrl, slug, folder, failPoint, String(at)], {
    stdio: 'inherit',
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  // It died where it should; a purge that went past the point ends with 0.
  expect(signal).toBe('SIGKILL');
}

describe('a purge that is killed', () => {
  it.each([
    ['opened', 1],
    ['deleted', 2],
    ['batch', 3],
    ['batch', 7],
    ['blobs', 1],
  ])(
    'at %s, time %i, is finished by the next one, with counts that are right and one receipt',
    async (point, at) => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const slug = `kill-${point}-${at}-${kill}`;
        const keeper = await openKeeper(db, slug, 'strictest');
        await keeper.keep('interaction_history', 30);
        await addRows(db, keeper.tenant, {
          customerId: `${slug}-due`,
          ageDays: 40,
          count: 45,
          location: `${slug}/due`,
        });
        await addRows(db, keeper.tenant, {
          customerId: `${slug}-held`,
          ageDays: 41,
          count: 15,
          location: `${slug}/held`,
        });
        await addRows(db, keeper.tenant, { customerId: `${slug}-new`, ageDays: 5, count: 5, location: `${slug}/new` });
        const blobs = openFolderStore(folder);
        const located = await db.owner<
          { location: string }[]
        >`select location from ai_attachments where tenant_id = ${keeper.tenant.id}`;
        for (const { location } of located) await blobs.put(location, 'blob');
        await keeper.holdSubject(`${slug}-held`);
        await purgeUntilKilled(slug, `dsarPurge.${point}`, at);
        const midway = await keeper.counts();
        expect(midway.decisionTraces).toBeGreaterThanOrEqual(20);

        const { perTenant } = await runPurge(db, { tenant: slug }, { deleteBlob: blobs.delete, batchRows: 10 });
        expect(perTenant).toMatchObject([
          { decisionTraces: 45, interactionHistory: 45, aiAttachments: 45, errors: [] },
        ]);
        expect(await keeper.counts()).toEqual({ decisionTraces: 20, interactionHistory: 20, aiAttachments: 20 });
        for (const table of DATA_CLASSES) {
          const left = await db.owner<{ customer: string; n: number }[]>`
          select customer_id as customer, count(*)::int as n from ${db.owner(table)} where tenant_id = ${keeper.tenant.id} group by 1 order by 1`;
          expect(left).toEqual([
            { customer: `${slug}-held`, n: 15 },
            { customer: `${slug}-new`, n: 5 },
          ]);
        }
        const kinds = await Promise.all(['due', 'held', 'new'].map((kind) => readdir(join(folder, slug, kind))));
        expect(kinds.map((names) => names.length)).toEqual([0, 15, 5]);
        const { items } = await listReceipts(keeper.ctx, { limit: 10 });
        expect(items).toMatchObject([{ interactionHistory: 45, resumptions: 1 }]);
        expect(receiptHash(keeper.tenant.id, items[0]!)).toBe(items[0]?.hash);
        const audits =
          await db.owner`select from audit_log where tenant_id = ${keeper.tenant.id} and action = 'retention.purge'`;
        expect(audits).toHaveLength(1);
      }
    },
    60_000 * (KILLS + 1),
  );

  it.each([
    ['detached', 13],
    ['partition', 14],
  ])(
    'at %s, when a month %i months ago is dropped for all tenants, is finished by the next one, and counts it once',
    async (point, months) => {
      const month = historyMonth(db, months);
      for (let kill = 0; kill < KILLS; kill += 1) {
        await month.make();
        const keeper = await openKeeper(db, `kill-${point}-${kill}`);
        await keeper.keep('interaction_history', 30);
        await addRows(db, keeper.tenant, { customerId: 'month', ageDays: month.ageDays, count: 25 });
        await addRows(db, keeper.tenant, { customerId: 'later', ageDays: 40, count: 15 });
        // Of no tenant in particular: only then a month is dropped.
        await purgeUntilKilled('', `dsarPurge.${point}`, 1);
        expect([point, await month.exists()]).toEqual([point, point === 'detached']);
        expect(await keeper.counts()).toMatchObject({ interactionHistory: 15 });

        await runPurge(db, {}, { batchRows: 10 });
        expect(await month.exists()).toBe(false);
        expect(await keeper.counts()).toEqual({ decisionTraces: 40, interactionHistory: 0, aiAttachments: 40 });
        const { items } = await listReceipts(keeper.ctx, { limit: 10 });
        expect(items).toMatchObject([{ interactionHistory: 40, decisionTraces: 0, resumptions: 1 }]);
        expect(receiptHash(keeper.tenant.id, items[0]!)).toBe(items[0]?.hash);
        expect(await db.owner`select from detached_months where is_detached`).toHaveLength(0);
      }
    },
    60_000 * (KILLS + 1),
  );
});
