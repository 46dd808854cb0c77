import { type MainspringClient, waitForRun } from 'mainspring/client';

/** Runs a pipeline and tells how many rows it wrote. */
export async function runAndWait(client: MainspringClient, pipeline: string): Promise<number> {
  const { runId } = await client.pipelines.run.mutate({ id: pipeline });
  const run = await waitForRun(client, runId, { pollMs: 200, signal: AbortSignal.timeout(60_000) });
  if (run.status !== 'succeeded')
    throw new Error(`run ${run.id} ${run.status}: ${run.error?.message ?? run.note ?? ''}`);
  return run.rowsOut ?? 0;
}
