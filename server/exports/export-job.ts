import type { BlobStore } from '#server/files/index.ts';
import { forEachTenant, type JobContext, type JobDefinition, type TenantOutcome } from '#server/jobs/index.ts';
import { gauge } from '#server/lib/index.ts';
import type { BatchLimits } from './batch.ts';
import { behindSeconds } from './checkpoint.ts';
import { EXPORT_JOB_NAME, TURNS_MS } from './config.ts';
import { exportTurn } from './export-tenant.ts';

const behind = gauge(
  'export_behind_seconds',
  'Age of the oldest interaction of any tenant that the last export left; an open transaction can hold it up',
);

/** One tenant in the job's answer. `filePath` is the last file that was written, null when there was none. */
export type TenantExport = {
  tenantId: string;
  tenantName: string;
  exported: number;
  filePath: string | null;
  files: string[];
  error?: string;
};
type ExportConfig = { blobs: BlobStore | null; exportLimits?: BatchLimits };

export const exportInteractionsJob: JobDefinition<ExportConfig> = {
  name: EXPORT_JOB_NAME,
  path: 'export-interactions',
  summary: 'Writes new interactions of each active tenant to files by the day on which they happened.',
  schedule: null,
  recommended: '17 * * * *',
  timeoutMs: 540_000,
  async run(ctx, config) {
    const results = await exportAll(ctx, config);
    const tenants = [...results.values()].map(({ answer }) => answer);
    return {
      answer: { totalExported: tenants.reduce((sum, { exported }) => sum + exported, 0), tenants },
      perTenant: [...results.values()].map(({ outcome, answer }) => ({
        ...outcome,
        counts: { exported: answer.exported, files: answer.files.length },
      })),
    };
  },
};

type Result = { answer: TenantExport; outcome: TenantOutcome };

/** Turn after turn until nobody has more or the time for turns is over. A tenant whose turn failed gets no other. */
async function exportAll(ctx: JobContext, { blobs, exportLimits }: ExportConfig): Promise<Map<string, Result>> {
  if (blobs === null) throw new Error('this process has no blob store to export to');
  const results = new Map<string, Result>();
  const endAt = performance.now() + TURNS_MS;
  let waiting: Set<string> | null = null;
  let oldestSeconds = 0;
  do {
    const turnOf: ReadonlySet<string> | null = waiting;
    const names = new Map<string, string>();
    const outcomes = await forEachTenant(
      ctx,
      async (tenant) => {
        names.set(tenant.id, tenant.name);
        if (turnOf !== null && !turnOf.has(tenant.id)) return { turn: null };
        const turn = await exportTurn({ ...ctx, blobs, limits: exportLimits }, tenant.id);
        if (!turn.hasMore) oldestSeconds = Math.max(oldestSeconds, await behindSeconds(ctx.pool, tenant.id));
        return { turn };
      },
      { activeOnly: true },
    );
    waiting = new Set();
    for (const { detail, ...outcome } of outcomes) {
      if (detail?.turn === null) continue;
      const before = results.get(outcome.tenantId)?.answer;
      const files = [...(before?.files ?? []), ...(detail?.turn.files ?? [])];
      const answer: TenantExport = {
        tenantId: outcome.tenantId,
        tenantName: names.get(outcome.tenantId) ?? outcome.tenant,
        exported: (before?.exported ?? 0) + (detail?.turn.exported ?? 0),
        filePath: files.at(-1) ?? null,
        files,
        ...(outcome.errors[0] === undefined ? {} : { error: outcome.errors[0] }),
      };
      results.set(outcome.tenantId, { answer, outcome });
      if (detail?.turn.hasMore) waiting.add(outcome.tenantId);
    }
  } while (waiting.size > 0 && performance.now() < endAt);
  behind.set(oldestSeconds);
  return results;
}
