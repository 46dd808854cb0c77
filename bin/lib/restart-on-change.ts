import { watch } from 'node:fs';
import { join } from 'node:path';
import type { Supervised } from './supervise.ts';

/** What runs without a build. Pages are not here: Vite reloads them in the browser by itself. */
const folders = ['server', 'db', 'workers'];
/** An editor or a checkout writes several files at once. */
const settleMs = 200;

/**
 * Development: starts web and worker anew when their sources change. (Node's own --watch also follows the
 * temporary file that Vite loads its configuration from, which is new each time, and so never stops restarting.)
 */
export function restartOnChange(
  rootDir: string,
  children: readonly Supervised[],
  log: (message: string) => void,
  signal: AbortSignal,
): void {
  let timer: NodeJS.Timeout | undefined;
  const onChange = (folder: string, file: string | null) => {
    if (!file?.endsWith('.ts') || /\.(test|spec)\.ts$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      log(`${join(folder, file)} changed: starting web and worker anew`);
      for (const child of children) void child.restart().catch((error: unknown) => log(String(error)));
    }, settleMs);
  };
  for (const folder of folders) {
    watch(join(rootDir, folder), { recursive: true, signal }, (_event, file) => onChange(folder, file));
  }
  signal.addEventListener('abort', () => clearTimeout(timer));
}
