import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who PostgreSQL runs as; null = whoever runs this process. */
export type RunAs = { uid: number; gid: number } | null;

/**
 * PostgreSQL refuses to run as root, so as root it runs as the system's `postgres` user, which is made when it
 * is missing. Anybody else runs it as themselves.
 */
export async function ensureRunAs(log: (message: string) => void): Promise<RunAs> {
  if (process.getuid?.() !== 0) return null;
  const existing = await findUser('postgres');
  if (existing) return existing;
  log('making the system user "postgres", as PostgreSQL does not run as root');
  await makeUser();
  const made = await findUser('postgres');
  if (made) return made;
  throw new Error(
    'PostgreSQL does not run as root, and the system user "postgres" could not be made. ' +
      'Make it (useradd --system postgres), or run Mainspring as an ordinary user, or set DATABASE_URL to a server of your own.',
  );
}

async function findUser(name: string): Promise<RunAs> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number.parseInt(uid.stdout, 10), gid: Number.parseInt(gid.stdout, 10) };
  } catch {
    return null;
  }
}

async function makeUser(): Promise<void> {
  // shadow-utils first, then busybox (Alpine).
  const attempts: [string, string[]][] = [
    [
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', nologin(), 'postgres'],
    ],
    ['adduser', ['-S', '-D', '-H', 'postgres']],
  ];
  for (const [command, args] of attempts) {
    try {
      await run(command, args);
      return;
    } catch {
      // The next form; when none works the caller says what to do.
    }
  }
}

function nologin(): string {
  return existsSync('/usr/sbin/nologin') ? '/usr/sbin/nologin' : '/bin/false';
}

/** What a short command did: its exit code (null = it could not even start) and what it wrote. */
export type CommandOutcome = { code: number | null; output: string };

/**
 * Runs a command to its end as that user, with a small environment of its own: PGDATA, PGPORT, LD_PRELOAD and
 * the like of whoever starts Mainspring must not reach PostgreSQL.
 */
export function runCommandAs(runAs: RunAs, command: string, args: string[], cwd: string): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: postgresEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(runAs ?? {}),
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.on('error', (error) => resolve({ code: null, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** The whole environment of initdb and postgres. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { NODE_ENV: process.env.NODE_ENV, PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/** Whether that user can enter the folder and write in it. */
export async function canUseFolder(runAs: RunAs, folder: string): Promise<boolean> {
  const { code } = await runCommandAs(runAs, '/bin/sh', ['-c', 'cd "$1" && [ -r . ] && [ -w . ]', 'sh', folder], '/');
  return code === 0;
}
