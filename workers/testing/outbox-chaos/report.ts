import { appendFile } from 'node:fs/promises';

/** Says a phase's figures on the run's output and, when CHAOS_REPORT names a file, there too. */
export async function report(phase: string, figures: Record<string, unknown>): Promise<void> {
  const line = JSON.stringify({ phase, ...figures });
  process.stdout.write(`chaos ${line}\n`);
  if (process.env.CHAOS_REPORT) await appendFile(process.env.CHAOS_REPORT, `${line}\n`);
}
