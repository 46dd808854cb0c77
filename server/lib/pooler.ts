// Whether something answers in PostgreSQL's place. A pooler of transactions breaks what a session keeps, in ways that look like anything
// but a pooler: a prepared statement that "does not exist", a LISTEN that never hears.
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

const RETRY_MS = 10_000;

/**
 * Says in the log, once and in its own time, what of these settings does not fit what is found. While the database is away it tries again:
 * that it is away is told of by whoever needs it.
 */
export function warnOfPooler(log: Logger, { url, directUrl, isPooled }: DatabaseAddresses): void {
  if (!isPooled)
    warnOnce(
      url,
      'DATABASE_URL goes through a pooler or proxy: unless that keeps whole sessions, set DATABASE_POOLED=1 (and DATABASE_DIRECT_URL), or ' +
        'statements fail at random',
    );
  if (directUrl)
    warnOnce(
      directUrl,
      'DATABASE_DIRECT_URL, which is DATABASE_URL unless it is set, goes through a pooler or proxy: unless that keeps whole sessions, set it ' +
        "to the server's own address, or no process hears what the others have for it before its next poll",
    );

  function warnOnce(address: string, warning: string): void {
    isThroughPooler(address).then(
      (isThrough) => {
        if (isThrough) log.warn(warning);
      },
      () => void setTimeout(warnOnce, RETRY_MS, address, warning).unref(),
    );
  }
}

/**
 * A pooler gives its clients numbers of its own to cancel by; PostgreSQL gives the number of the process that answers. Who gives
 * none is not known to be one.
 */
async function isThroughPooler(url: string): Promise<boolean> {
  const pool = openPool({ url, max: 1, applicationName: 'mainspring start', prepare: false, answerTimeoutMs: 10_000 });
  try {
    const rows = await pool.unsafe<{ pid: number }[]>('select pg_backend_pid() as pid');
    const given: number | null = rows.state.pid;
    return given !== null && given !== rows[0]?.pid;
  } finally {
    await pool.end({ timeout: 1 }).catch(() => {});
  }
}
