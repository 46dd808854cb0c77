import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
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
