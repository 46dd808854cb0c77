import { type MainspringClient, MainspringError } from 'mainspring/client';

/** Pauses a pipeline for some hours; false when it has no schedule that could be paused. */
export async function pauseForHours(client: MainspringClient, pipeline: string, hours: number, reason: string) {
  const until = new Date(Date.now() + hours * 3_600_000).toISOString();
  try {
    await client.pipelines.pause.mutate({ id: pipeline, reason, until });
    return true;
  } catch (error) {
    if (error instanceof MainspringError && error.code === 'PIPELINE_HAS_NO_SCHEDULE') return false;
    throw error;
  }
}
