import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Names under which distributions install Chromium; CHROMIUM_PATH comes before them. */
const systemPaths = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome-stable'];

/** A Chromium of the machine that really runs, or null (Ubuntu's package is a stub that asks for a snap). */
export function findSystemChromium(): string | null {
  const candidates = [process.env.CHROMIUM_PATH ?? '', ...systemPaths];
  return candidates.find((path) => path !== '' && existsSync(path) && canRun(path)) ?? null;
}

/** Whether a browser answers to --version. */
export function canRun(path: string): boolean {
  return spawnSync(path, ['--version'], { timeout: 30_000, stdio: 'ignore' }).status === 0;
}

/** What a Chromium without a display needs; its sandbox does not work as root, and it shall not call home. */
export const chromiumFlags = [
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ...['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];
