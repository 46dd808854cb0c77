// The file by which a probe sees that a publisher's turns come to an end: those of each of its lanes, and of the part that
// keeps the lanes. One of them that hangs lets the file grow old, however busy the others are.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Logger, logError } from '#server/lib/index.ts';
import type { Member } from './publisher-failures.ts';

export type Liveness = ReturnType<typeof createLiveness>;

/**
 * `livenessFile` is touched when every member has completed a turn of its own since the last time, at most once per
 * `restMs`; null: none.
 */
export function createLiveness({
  livenessFile,
  log,
  restMs,
}: {
  livenessFile: string | null;
  log: Logger;
  restMs: number;
}) {
  const members = new Set<Member>();
  let missing = new Set<Member>();
  let lastTurnAt: Date | null = null;
  let touchedAtMs = Number.NEGATIVE_INFINITY;
  let touching: Promise<void> | null = null;
  let isUntouchable = false;

  async function touchOnce(path: string, at: Date): Promise<void> {
    await touch(path, at).catch((error: unknown) => {
      // The probe says it every time; the log says it once.
      if (!isUntouchable) logError(log, error, 'the liveness file could not be touched', { path });
      isUntouchable = true;
    });
    touching = null;
  }
  function without(who: Member): void {
    missing.delete(who);
    if (missing.size > 0 || members.size === 0) return;
    missing = new Set(members);
    lastTurnAt = new Date();
    if (livenessFile === null || touching || performance.now() - touchedAtMs < restMs) return;
    touchedAtMs = performance.now();
    touching = touchOnce(livenessFile, lastTurnAt);
  }
  return {
    /** When every member had last completed a turn; null: not yet. */
    lastTurnAt: () => lastTurnAt,
    join(who: Member) {
      members.add(who);
      missing.add(who);
    },
    leave(who: Member) {
      members.delete(who);
      without(who);
    },
    completed: without,
    /** Resolves when the file is not being touched. */
    settled: async () => touching ?? undefined,
  };
}

async function touch(path: string, at: Date): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${at.toISOString()}\n`);
}
