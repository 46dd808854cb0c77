import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { ServiceError, storableText, transaction, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { parseParts } from './parse-parts.ts';
import { type Probe, probes } from './probes/index.ts';
import { findRow, secretsOf } from './rows.ts';
import { services } from './services.ts';

const DEADLINE_MS = 10_000;
const MAX_MESSAGE_CHARS = 500;

/**
 * Tries the connection and keeps what came of it. What it sends carries no data of the tenant. That the other side
 * refuses is an answer (`ok` false), not an error.
 * @throws ServiceError CONNECTION_NOT_FOUND, SECRETS_UNAVAILABLE
 */
export async function testConnection(
  ctx: Ctx,
  input: { id: string },
): Promise<{ ok: boolean; message: string; durationMs: number }> {
  const { masters, outbound } = services();
  const row = await withTransaction(ctx, (tx) => findRow(tx, ctx.tenant.id, input.id));
  const parts = parseParts(row.kind, { config: row.config, secrets: secretsOf(masters, ctx.tenant.id, row) });
  const started = performance.now();
  const probe = probes[row.kind] as Probe;
  const result = await probe({ ...parts, outbound, deadlineMs: DEADLINE_MS }).then(
    (message) => ({ ok: true, message }),
    (error: unknown) => ({ ok: false, message: messageOf(error) }),
  );
  const message = storableText(result.message, MAX_MESSAGE_CHARS);
  await transaction(ctx.pool, { tenantId: ctx.tenant.id }, async (tx) => {
    await tx.execute(sql`update connections set tested_at = now(), test_ok = ${result.ok}, test_message = ${message}
      where tenant_id = ${ctx.tenant.id} and id = ${row.id}`);
    await recordAudit(tx, ctx, {
      ...{ action: 'connection.test', targetKind: 'connection', targetId: row.id },
      details: { ok: result.ok },
    });
  });
  return { ok: result.ok, message, durationMs: Math.round(performance.now() - started) };
}

/** Libraries' messages may quote what they sent; only ours are shown whole. */
function messageOf(error: unknown): string {
  if (error instanceof ServiceError) return error.message;
  const name = error instanceof Error ? error.name : 'error';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return `it could not be used: ${[name, code].filter(Boolean).join(' ')}`;
}
