import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';

/** Runs a command with its output on standard error. True when it ended with 0. */
export function succeeds(command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], ...options }).status === 0;
}

/** Whether a command exists and answers, said without its output. */
export function answers(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 30_000 }).status === 0;
}

/** The distribution's packages, where that is ours to do: as root, with apt. */
export function aptInstall(packages: string[]): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (succeeds('apt-get', install, { env })) return true;
  return succeeds('apt-get', ['update'], { env }) && succeeds('apt-get', install, { env });
}

/** Builds into a folder beside `dir` and moves it there when complete: a half-made tool is never found. */
export function buildFolder(dir: string, build: (temporary: string) => boolean): boolean {
  const temporary = `${dir}.making-${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    if (!build(temporary)) return false;
    rmSync(dir, { recursive: true, force: true });
    renameSync(temporary, dir);
    return true;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
