// Seals what was audited, keeps the heads outside the database, and checks all chains now and then. Any number of
// workers may run it: one seals at a time.
import type { Pool } from '#db/client.ts';
import {
  appendHeads,
  type ChainHead,
  checkChains,
  listHeads,
  observeUnsealed,
  readHeads,
  sealBatch,
} from '#server/audit/index.ts';
import { type Logger, logError } from '#server/lib/index.ts';

export type AuditSealerConfig = {
  /** As the worker role. */
  pool: Pool;
  log: Logger;
  /** Where the heads are kept outside the database. */
  headsFolder: string;
  /** Unit: milliseconds; default 3,000. A full batch is followed at once. */
  pollMs?: number;
  /** Rows of one transaction; default 1,000. */
  batchSize?: number;
  /** How often all chains are walked; default six hours. */
  checkEveryMs?: number;
};

export function createAuditSealer(config: AuditSealerConfig) {
  const { pool, log, headsFolder } = config;
  const { pollMs = 3_000, batchSize = 1_000, checkEveryMs = 6 * 3_600_000 } = config;
  let timer: NodeJS.Timeout | undefined;
  let turning: Promise<void> | null = null;
  let isStopped = true;
  let isFailing = false;
  let nextCheckAt = 0;

  async function keepOutside(heads: readonly ChainHead[]): Promise<void> {
    await appendHeads(headsFolder, heads, new Date());
    for (const head of heads) log.info(head, 'audit chain is sealed up to');
  }

  /** Seals all that can be sealed now; how many rows. */
  async function runOnce(): Promise<{ sealed: number }> {
    for (let sealed = 0; ; ) {
      const batch = await sealBatch(pool, { limit: batchSize });
      sealed += batch.sealed;
      await keepOutside(batch.heads);
      if (!batch.isFull || isStopped) return { sealed };
    }
  }

  /** A process killed between commit and append has left heads that only the database knows. */
  async function catchUp(): Promise<void> {
    const outside = await readHeads(headsFolder);
    const heads = await listHeads(pool);
    await keepOutside(heads.filter((head) => !outside.get(head.tenantId)?.has(head.seq)));
  }

  async function turn(): Promise<void> {
    try {
      await runOnce();
      await observeUnsealed(pool);
      if (Date.now() >= nextCheckAt) {
        nextCheckAt = Date.now() + checkEveryMs;
        await checkChains(pool, log, await readHeads(headsFolder));
      }
      if (isFailing) log.info('the audit log is sealed again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) logError(log, error, 'the audit log cannot be sealed; retrying until it can');
      isFailing = true;
    }
  }

  function sleep(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      turning = turn().finally(() => {
        turning = null;
        sleep();
      });
    }, pollMs);
  }

  return {
    runOnce,
    start() {
      isStopped = false;
      // After the first turns of what is more urgent at a start.
      nextCheckAt = Date.now() + 60_000;
      catchUp().catch((error: unknown) => logError(log, error, 'the audit heads could not be compared'));
      sleep();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await turning;
    },
  };
}
