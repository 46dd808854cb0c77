// The file by which a probe sees that a publisher's turns come to an end.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Logger, logError } from '#server/lib/index.ts';

/** `livenessFile` is touched after every completed turn; null: none. */
export function createLiveness({ livenessFile, log }: { livenessFile: string | null; log: Logger }) {
  let lastTurnAt: Date | null = null;
  let isUntouchable = false;
  return {
    lastTurnAt: () => lastTurnAt,
    async completed(): Promise<void> {
      lastTurnAt = new Date();
      if (livenessFile === null) return;
      await touch(livenessFile, lastTurnAt).catch((error: unknown) => {
        // The probe says it every time; the log says it once.
        if (!isUntouchable) logError(log, error, 'the liveness file could not be touched', { path: livenessFile });
        isUntouchable = true;
      });
    },
  };
}

async function touch(path: string, at: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${at.toISOString()}\n`);
}
