import { open, readFile } from 'node:fs/promises';

/** Opens a log for appending, readable by its owner only. */
export function openLog(path: string): ReturnType<typeof open> {
  return open(path, 'a', 0o600);
}

/** The last lines of a log, for an error message. */
export async function readLogEnd(path: string, lines = 15): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-lines).join('\n') || '(empty)';
}
