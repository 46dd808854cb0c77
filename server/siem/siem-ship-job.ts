import type { JobContext, JobDefinition, JobResult } from '#server/jobs/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import type { SiemConfig } from './config.ts';
import { sendTestEvent } from './deliver.ts';
import { DELIVERY, shipAudit } from './ship.ts';

/** In the counts of a run that had no SIEM to ship to: only the worker knows, and the pages read it there. */
export const UNCONFIGURED = 'unconfigured';
/** Of the answer: how often the job is meant to run. It is no window: the position is kept. */
const WINDOW_SECONDS = 300;

/**
 * `?test=1` sends one event made for the purpose and moves nothing; `?from=2026-03-01T00:00:00Z` ships everything
 * since then once more.
 */
export const siemShipJob: JobDefinition<{ siem: SiemConfig }> = {
  name: 'siemShip',
  path: 'siem-ship',
  summary: 'Ships the audit log to the SIEM.',
  schedule: null,
  recommended: '*/5 * * * *',
  timeoutMs: 280_000,
  options: [
    { name: 'test', label: 'Only send one test event', kind: 'flag' },
    { name: 'from', label: 'Ship everything again since', kind: 'instant' },
  ],
  async run(ctx, { siem }): Promise<JobResult> {
    if ('skipped' in siem) {
      // Who asks for something in particular is not told that all is well.
      if (ctx.params.test !== undefined || ctx.params.from !== undefined)
        throw new ServiceError('INPUT_INVALID', `${siem.skipped}: there is nowhere to ship to`);
      return { answer: { skipped: siem.skipped }, counts: { [UNCONFIGURED]: 1 } };
    }
    const result = ctx.params.test === '1' ? await sendTest(ctx, siem) : await shipAudit(ctx, siem, replayOf(ctx));
    const { shipped, refused, rowsScanned, error } = result;
    const errors = refused + (error === null ? 0 : 1);
    return {
      answer: { backend: siem.backend, shipped, errors, windowSeconds: WINDOW_SECONDS, rowsScanned },
      counts: { shipped, quarantined: refused, rowsScanned },
      errors: [
        ...(error === null ? [] : [error]),
        ...(refused === 0 ? [] : [`${refused} rows were refused for good and set aside`]),
      ],
      isFailed: error !== null && shipped === 0,
    };
  },
};

/** @throws ServiceError INPUT_INVALID */
function replayOf(ctx: JobContext): { replayFrom?: Date } {
  const { from } = ctx.params;
  if (from === undefined) return {};
  const replayFrom = new Date(from);
  if (Number.isNaN(replayFrom.getTime()))
    throw new ServiceError('INPUT_INVALID', `from "${from.slice(0, 40)}" is no instant; write 2026-03-01T00:00:00Z`);
  return { replayFrom };
}

/** So that an operator sees whether address, key and index are right. */
async function sendTest(ctx: JobContext, siem: Exclude<SiemConfig, { skipped: string }>) {
  const error = await sendTestEvent(siem, { ...DELIVERY, maxTries: 1, client: siem.client, signal: ctx.signal });
  return { shipped: error === null ? 1 : 0, refused: 0, rowsScanned: 0, error };
}
