import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const keptLogs = 5;

/** Moves name.log to name.log.1, that to name.log.2 and so on; the oldest goes. */
export async function rotateLog(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  for (let number = keptLogs - 1; number >= 0; number--) {
    const from = number === 0 ? path : `${path}.${number}`;
    if (existsSync(from)) await rename(from, `${path}.${number + 1}`);
  }
}

/** Opens a log for appending, readable by its owner only. */
export function openLog(path: string): ReturnType<typeof open> {
  return open(path, 'a', 0o600);
}

/** The last lines of a log, for an error message. */
export async function readLogEnd(path: string, lines = 15): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-lines).join('\n') || '(empty)';
}
