// Exported files, rewritten without the subject: a reader sees the whole old file or the whole new one. A line of the
// subject's own goes, a line that names them loses the name. One file's lines are never all in memory.
import { Readable } from 'node:stream';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { DsarProgress } from '#db/schema/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import type { Erasure } from './erase.ts';
import { verdicts } from './file-lines.ts';
import { erasureStep, type Outcome } from './open-request.ts';
import { handOn, keepProgress } from './progress.ts';

/** The count's name in receipts. Unit: lines. */
export const EXPORTED_LINES = 'exported_lines';
/** Files without the subject after which the place is kept. */
const KEPT_EVERY = 50;

/**
 * Whether an exporter may hold rows that it read before they were erased: its batch is planned, its files are not all
 * there, and its lease is in force. One that is not under way now has its files in the store, or reads what is left.
 */
export async function isExportUnderWay(pool: Pool, tenantId: string): Promise<boolean> {
  const found = await transaction(pool, { tenantId }, (tx) =>
    query(
      tx,
      sql`select 1 as one from export_checkpoints c, cron_jobs j join cron_runs r on r.id = j.run_id
        where c.tenant_id = ${tenantId} and c.planned_tx is not null and j.job = 'exportInteractions'
          and r.outcome = 'running' and r.lease_until > clock_timestamp() limit 1`,
    ),
  );
  return found.length > 0;
}

/** Lines that stay, since the place that was kept last. */
const NOTHING = { kept: 0, possible: 0 };

type Step = { done: DsarProgress } | { outcome: Outcome };

/** Goes over the tenant's files behind `from.after`. */
export async function eraseFiles(erasure: Erasure, from: DsarProgress): Promise<Step> {
  const { deps, tenant } = erasure;
  let progress = from;
  let passed = 0;
  let stays = NOTHING;
  for await (const key of deps.blobs.list(`exports/${tenant.id}`, progress.after ?? '')) {
    deps.signal.throwIfAborted();
    if (deps.isOver?.()) return { outcome: await handOn(erasure, progress) };
    const { lines, ...left } = await inspect(erasure, key);
    passed += 1;
    stays = { kept: stays.kept + left.kept, possible: stays.possible + left.possible };
    if (lines === 0 && passed % KEPT_EVERY !== 0) continue;
    const at = { ...progress, after: lines === 0 ? key : progress.after };
    // What stays is counted with the place from which it is not counted again.
    const noted = await note(erasure, lines === 0 ? at : { ...at, file: { key, lines } }, stays);
    if ('outcome' in noted) return noted;
    stays = NOTHING;
    progress = noted.done;
    deps.failPoint('dsar.noted');
    if (lines === 0) continue;
    const step = await eraseFile(erasure, progress, key, lines);
    if ('outcome' in step) return step;
    progress = step.done;
  }
  return stays.kept + stays.possible === 0 ? { done: progress } : note(erasure, progress, stays);
}

/** Rewrites and counts the file that was noted when a go ended, if one was. */
export const settleFile = (erasure: Erasure, at: DsarProgress): Promise<Step> =>
  at.file ? eraseFile(erasure, at, at.file.key, at.file.lines) : Promise.resolve({ done: at });

const note = (
  { deps, tenant, request }: Erasure,
  progress: DsarProgress,
  { lines = 0, kept = 0, possible = 0 }: { lines?: number; kept?: number; possible?: number },
): Promise<Step> =>
  erasureStep(deps, tenant, request.id, async (tx) => {
    await keepProgress(tx, request, progress, {
      counts: { [EXPORTED_LINES]: lines },
      kept: { [EXPORTED_LINES]: kept },
      possible: { [EXPORTED_LINES]: possible },
    });
    return progress;
  });

/** Rewrites a file that was noted, outside any transaction, and counts it. */
async function eraseFile(erasure: Erasure, at: DsarProgress, key: string, lines: number): Promise<Step> {
  const { deps } = erasure;
  if (await hasLinesLeft(erasure, key))
    await deps.blobs.putStream(key, Readable.from(rewritten(erasure, key)), deps.signal);
  else await deps.blobs.delete(key);
  deps.failPoint('dsar.file');
  return note(erasure, { ...at, after: key, file: null, found: at.found + lines }, { lines });
}

async function inspect(erasure: Erasure, key: string): Promise<typeof NOTHING & { lines: number }> {
  const found = { lines: 0, ...NOTHING };
  for await (const { before, after, isKept, isPossible } of verdicts(erasure, key)) {
    if (before !== after) found.lines += 1;
    if (isKept) found.kept += 1;
    if (isPossible) found.possible += 1;
  }
  return found;
}

async function hasLinesLeft(erasure: Erasure, key: string): Promise<boolean> {
  for await (const { after } of verdicts(erasure, key)) if (after !== null) return true;
  return false;
}

async function* rewritten(erasure: Erasure, key: string): AsyncGenerator<string> {
  for await (const { after } of verdicts(erasure, key)) if (after !== null) yield `${after}\n`;
}
