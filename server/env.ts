// The one place that reads the environment. A bad value stops the boot with exit code 2 and names the variable. The
// variables with their defaults stand by area in env/.
import { join } from 'node:path';
import { z } from 'zod';
import { INSTALLATION } from './env/installation.ts';
import { missingForOutbox, OUTBOX } from './env/outbox.ts';
import { missingForOutside, OUTSIDE } from './env/outside.ts';
import { WORK } from './env/work.ts';

export const Environment = z.object({ ...INSTALLATION, ...WORK, ...OUTBOX, ...OUTSIDE });
export type Environment = z.infer<typeof Environment> & { FILES_DIR: string; OUTBOX_FILE_DIR: string };

/** @throws Error naming each bad variable, its value withheld, and what was expected. */
export function parseEnvironment(source: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  const missing = parsed.success ? [...missingForOutbox(parsed.data), ...missingForOutside(parsed.data)] : [];
  if (parsed.success && missing.length === 0) {
    const { MAINSPRING_HOME: home, FILES_DIR, OUTBOX_FILE_DIR } = parsed.data;
    return {
      ...parsed.data,
      FILES_DIR: FILES_DIR ?? join(home, 'files'),
      OUTBOX_FILE_DIR: OUTBOX_FILE_DIR ?? join(home, 'outbox'),
    };
  }
  const issues = (parsed.error?.issues ?? []).map((issue) => [issue.path.join('.'), issue.message]);
  const lines = [...issues, ...missing].map((issue) => issue.join(': '));
  throw new Error(`bad environment\n  ${lines.join('\n  ')}`);
}

export const EXIT_BAD_ENVIRONMENT = 2;

/** Runs what can find the environment bad; an error there ends the process with exit code 2 and its message. */
export function orBadEnvironment<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`mainspring: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_BAD_ENVIRONMENT);
  }
}

export const env: Environment = orBadEnvironment(() => parseEnvironment(process.env));

const SECRET_NAME = /(SECRET|PASSWORD|TOKEN|_KEY|_KEY_OLD)$/;
const URL_NAME = /_URL$/;

/** Every value that is a secret, by the names of the variables, for what must never appear in a log. */
export const secretsOf = (from: Environment): string[] =>
  Object.entries(from).flatMap(([name, value]) => {
    if (typeof value !== 'string' || value === '') return [];
    if (SECRET_NAME.test(name)) return [value];
    return URL_NAME.test(name) ? passwordOf(value) : [];
  });

function passwordOf(url: string): string[] {
  const { username = '', password = '' } = URL.parse(url) ?? {};
  // A user alone may be a token, as in https://token@host; with a password it is a name.
  return [password === '' ? username : password].filter((text) => text !== '').map(decodeURIComponent);
}
