// A pool beside the database for one command, and in one line why there is none.
import { openPool, type Pool } from '#db/client.ts';
import { ServiceError } from '#server/lib/index.ts';
import type { LocalDatabase } from './local-database.ts';
import { UsageError } from './usage.ts';

/** undefined_table, undefined_column, undefined_function. */
const OTHER_SCHEMA = /^42(P01|703|883)$/;
/** insufficient_privilege. */
const NOT_ALLOWED = '42501';
/** The system's, and the driver's CONNECT_TIMEOUT, CONNECTION_CLOSED and so on. */
const NO_ANSWER =
  /^(ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)UNREACH|ENETDOWN|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|CONNECT_?\w+)$/;

/**
 * Runs `fn` with a pool of the owner's, and closes it.
 * @throws UsageError when the address's user is not the owner or the database not this release's; ServiceError DATABASE_UNAVAILABLE
 */
export async function withDatabase<T>(
  { url }: LocalDatabase,
  options: { max: number; command: string },
  fn: (pool: Pool) => Promise<T>,
): Promise<T> {
  const pool = openPool({ url, max: options.max, applicationName: `mainspring ${options.command}` });
  try {
    return await fn(pool);
  } catch (error) {
    throw told(error, url);
  } finally {
    await pool.end({ timeout: 5 });
  }
}

/** The error in words where it is the database's; any other as it is. Never the password. */
function told(error: unknown, url: string): unknown {
  const { host, pathname, username } = new URL(url);
  const where = `the database at ${host}${pathname}`;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const isFatal = 'severity' in cause && (cause.severity === 'FATAL' || cause.severity === 'PANIC');
    if (isFatal)
      return new ServiceError('DATABASE_UNAVAILABLE', `${where} refused: ${cause.message}`, undefined, {
        cause: error,
      });
    if (NO_ANSWER.test(code))
      return new ServiceError('DATABASE_UNAVAILABLE', `${where} does not answer: ${code}`, undefined, { cause: error });
    if (code === NOT_ALLOWED)
      return new UsageError(
        `${where} does not let the user "${decodeURIComponent(username)}" do this (${cause.message}): DATABASE_URL must name the owner of Mainspring's tables`,
      );
    if (OTHER_SCHEMA.test(code))
      return new UsageError(
        `${where} does not have the tables of this release (${cause.message}): start Mainspring on it once`,
      );
  }
  return error;
}
