import { pipeline } from 'node:stream/promises';
import type postgres from 'postgres';

/** A row in COPY's text format. */
export function copyLine(values: readonly (string | null)[]): string {
  return `${values.map(copyField).join('\t')}\n`;
}

const SPECIAL = /[\\\t\n\r]/g;
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function copyField(value: string | null): string {
  return value === null ? '\\N' : value.replace(SPECIAL, (found) => ESCAPES[found] ?? found);
}

/**
 * Sends chunks of COPY text with back-pressure.
 *
 * postgres.js settles its COPY query when the stream opens, so an error that the server reports after the last
 * byte (a full disk, a cancel, a killed backend) would reach nobody and the stream would never finish. The
 * query's `reject` is what the driver calls then; it is replaced by ours.
 */
export async function copyRows(
  connection: postgres.TransactionSql,
  statement: string,
  chunks: AsyncIterable<string>,
  signal: AbortSignal,
): Promise<void> {
  const query = connection.unsafe(statement);
  const stream = await query.writable();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  (query as unknown as { reject: (error: unknown) => void }).reject = failed.reject;
  await Promise.race([pipeline(chunks, stream, { signal }), failed.promise]);
}
