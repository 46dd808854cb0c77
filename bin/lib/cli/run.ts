import { waitForRun } from 'mainspring/client';
import { asJson, type Context, type ExitCode } from './command.ts';
import { UsageError } from './usage.ts';

const POLL_MS = 500;

/** `mainspring run`: 1 when it waited and the run did not succeed. */
export async function run(
  { client, isJson, print }: Context,
  options: { pipeline: string; params: string[]; wait: boolean },
): Promise<ExitCode> {
  const { runId } = await client.pipelines.run.mutate({ id: options.pipeline, params: paramsOf(options.params) });
  if (!options.wait) {
    print(isJson ? asJson({ runId }) : `queued run ${runId}\n`);
    return 0;
  }
  const ended = await waitForRun(client, runId, { pollMs: POLL_MS });
  if (isJson) print(asJson(ended));
  else {
    const rows = `${ended.rowsIn ?? 0} in, ${ended.rowsOut ?? 0} out, ${ended.rowsRejected ?? 0} rejected`;
    const why = ended.error ? `: ${ended.error.message} (${ended.error.code})` : ended.note ? ` (${ended.note})` : '';
    print(`run ${runId} ${ended.status}${why}; rows: ${rows}\n`);
  }
  return ended.status === 'succeeded' ? 0 : 1;
}

function paramsOf(given: string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new UsageError(`--param takes name=value, not "${text}"`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
