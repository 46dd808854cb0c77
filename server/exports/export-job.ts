import type { BlobStore } from '#server/files/index.ts';
import {
  forEachTenant,
  type JobContext,
  type JobDefinition,
  startBudget,
  type TenantOutcome,
} from '#server/jobs/index.ts';
import type { BatchLimits } from './batch.ts';
import { EXPORT_JOB_NAME, TURNS_MS } from './config.ts';
import { exportTurn, newTurn, type Turn } from './export-tenant.ts';

/** One tenant in the job's answer. `filePath`: see lastFileOf. */
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

/**
 * The last file of interactions, which is what callers look for, or of outcomes where only those were written: with a
 * backlog they go on after the interactions are through. Null when there was none.
 */
const lastFileOf = (files: readonly string[]): string | null =>
  files.findLast((file) => file.includes('/interaction_history/')) ?? files.at(-1) ?? null;

type Result = { answer: TenantExport; outcome: TenantOutcome };

/** Turn after turn until nobody has more or the time for turns is over. A tenant whose turn failed gets no other. */
async function exportAll(ctx: JobContext, { blobs, exportLimits }: ExportConfig): Promise<Map<string, Result>> {
  if (blobs === null) throw new Error('this process has no blob store to export to');
  const results = new Map<string, Result>();
  const isOver = startBudget(TURNS_MS);
  let waiting: Set<string> | null = null;
  do {
    const turnOf: ReadonlySet<string> | null = waiting;
    const names = new Map<string, string>();
    // What a turn did before it failed is done: files are written and checkpoints moved.
    const turns = new Map<string, Turn>();
    const outcomes = await forEachTenant(
      ctx,
      async (tenant) => {
        names.set(tenant.id, tenant.name);
        if (turnOf !== null && !turnOf.has(tenant.id)) return {};
        const turn = newTurn();
        turns.set(tenant.id, turn);
        await exportTurn({ ...ctx, blobs, limits: exportLimits }, tenant.id, turn);
        return {};
      },
      { activeOnly: true },
    );
    waiting = new Set();
    for (const { detail: _, ...outcome } of outcomes) {
      const turn = turns.get(outcome.tenantId);
      if (!turn) continue;
      const before = results.get(outcome.tenantId)?.answer;
      const files = [...(before?.files ?? []), ...turn.files];
      const answer: TenantExport = {
        tenantId: outcome.tenantId,
        tenantName: names.get(outcome.tenantId) ?? outcome.tenant,
        exported: (before?.exported ?? 0) + turn.exported,
        filePath: lastFileOf(files),
        files,
        ...(outcome.errors[0] === undefined ? {} : { error: outcome.errors[0] }),
      };
      results.set(outcome.tenantId, { answer, outcome });
      if (outcome.ok && turn.hasMore) waiting.add(outcome.tenantId);
    }
  } while (waiting.size > 0 && !isOver());
  return results;
}
