// Whether a pooler lies between this process and PostgreSQL. One that pools transactions breaks what a session keeps, in ways that
// look like anything but a pooler: a prepared statement that "does not exist", a LISTEN that never hears.
import { openPool } from '#db/client.ts';
import type { Logger } from './log.ts';

export type DatabaseAddresses = {
  /** DATABASE_URL, as the role that this process works as. */
  url: string;
  /** Of a process that listens: DATABASE_DIRECT_URL as the same role, else `url`. */
  directUrl?: string;
  /** DATABASE_POOLED. */
  isPooled: boolean;
};

/** What of these settings does not fit what is found, and what to do, in words; none where PostgreSQL itself answers. */
export async function poolerProblems({ url, directUrl, isPooled }: DatabaseAddresses): Promise<string[]> {
  const problems: string[] = [];
  if (!isPooled && (await isThroughPooler(url)))
    problems.push(
      'DATABASE_URL goes through a pooler: unless that pools whole sessions, set DATABASE_POOLED=1, or statements fail at random',
    );
  if (directUrl && (await isThroughPooler(directUrl)))
    problems.push(
      'DATABASE_DIRECT_URL, which is DATABASE_URL unless it is set, goes through a pooler: unless that pools whole sessions, set it to the ' +
        "server's own address, or no process hears what the others have for it before its next poll",
    );
  return problems;
}

/** Says so in the log, once and in its own time. A database that is away is told of by whoever needs it. */
export function warnOfPooler(log: Logger, addresses: DatabaseAddresses): void {
  poolerProblems(addresses).then(
    (problems) => {
      for (const problem of problems) log.warn(problem);
    },
    () => {},
  );
}

/** A pooler gives its clients numbers of its own to cancel by; PostgreSQL gives the number of the process that answers. */
async function isThroughPooler(url: string): Promise<boolean> {
  const pool = openPool({ url, max: 1, applicationName: 'mainspring start', prepare: false, answerTimeoutMs: 10_000 });
  try {
    const rows = await pool.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid');
    return rows.state.pid !== rows[0]?.pid;
  } finally {
    await pool.end({ timeout: 1 }).catch(() => {});
  }
}
