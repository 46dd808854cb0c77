import type { z } from 'zod';
import { type SQL, sql } from '#db/drizzle.ts';
import {
  decodeIdCursor,
  query,
  ServiceError,
  type Tx,
  toPage,
  transaction,
  withTransaction,
} from '#server/lib/index.ts';
import { type Ctx, INSTALLATION } from '#server/tenancy/index.ts';
import type { AuditEntryDetail, AuditItem, AuditPage, ListAuditInput } from './schemas.ts';

type Row = {
  id: string;
  created_at: string;
  actor_kind: string;
  actor_id: string;
  action: string;
  outcome: 'done' | 'refused';
  target_kind: string;
  target_id: string;
  request_id: string;
  details: Record<string, unknown>;
  has_diff: boolean;
  seq: string | null;
};
type WholeRow = Row & {
  before: unknown;
  after: unknown;
  before_digest: string | null;
  after_digest: string | null;
  hash: string | null;
};

const columns = sql`a.id, a.created_at, a.actor_kind, a.actor_id, a.action, a.outcome, a.target_kind, a.target_id,
  a.request_id, a.details, (a.before is not null or a.after is not null) as has_diff, s.seq::text as seq`;

/** Newest first; each filter narrows, and all of them together. @throws ServiceError FORBIDDEN, INPUT_INVALID */
export function listAudit(ctx: Ctx, input: z.infer<typeof ListAuditInput>): Promise<z.infer<typeof AuditPage>> {
  return readLog(ctx, input.log, async (tx, tenantId) => {
    const conditions = [sql`a.tenant_id = ${tenantId}`, ...conditionsOf(input)];
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from audit_log a left join audit_seals s on s.tenant_id = a.tenant_id and s.audit_id = a.id
        where ${sql.join(conditions, sql` and `)} order by a.id desc limit ${input.limit + 1}`,
    );
    const { items, nextCursor } = toPage(rows, input.limit, (row) => [row.id]);
    return { items: items.map(toItem), nextCursor };
  });
}

function conditionsOf(input: z.infer<typeof ListAuditInput>): SQL[] {
  const conditions: SQL[] = [];
  if (input.actor) conditions.push(sql`a.actor_id = ${input.actor}`);
  if (input.action?.endsWith('.')) conditions.push(sql`starts_with(a.action, ${input.action})`);
  else if (input.action) conditions.push(sql`a.action = ${input.action}`);
  if (input.target) conditions.push(sql`a.target_id = ${input.target}`);
  if (input.outcome) conditions.push(sql`a.outcome = ${input.outcome}`);
  // Ids ascend with time, and only ids prune partitions; the row's own instant decides.
  if (input.from)
    conditions.push(
      sql`a.id >= ms_uuid_at(${input.from}::timestamptz - interval '1 hour') and a.created_at >= ${input.from}::timestamptz`,
    );
  if (input.to)
    conditions.push(
      sql`a.id < ms_uuid_at(${input.to}::timestamptz + interval '1 day') and a.created_at < ${input.to}::timestamptz`,
    );
  if (input.cursor) conditions.push(sql`a.id < ${decodeIdCursor(input.cursor)}`);
  return conditions;
}

/** One entry with its before and after. @throws ServiceError AUDIT_ENTRY_NOT_FOUND, FORBIDDEN */
export function getAudit(
  ctx: Ctx,
  input: { id: string; log: 'tenant' | 'instance' },
): Promise<z.infer<typeof AuditEntryDetail>> {
  return readLog(ctx, input.log, async (tx, tenantId) => {
    const [row] = await query<WholeRow>(
      tx,
      sql`select ${columns}, a.before, a.after, a.before_digest, a.after_digest, encode(s.hash, 'hex') as hash
        from audit_log a left join audit_seals s on s.tenant_id = a.tenant_id and s.audit_id = a.id
        where a.tenant_id = ${tenantId} and a.id = ${input.id}`,
    );
    if (!row) throw new ServiceError('AUDIT_ENTRY_NOT_FOUND', `this log has no entry "${input.id}"`);
    const { before, after, before_digest: beforeDigest, after_digest: afterDigest, hash } = row;
    return { ...toItem(row), before, after, beforeDigest, afterDigest, hash };
  });
}

const toItem = (row: Row): z.infer<typeof AuditItem> => ({
  id: row.id,
  at: new Date(row.created_at).toISOString(),
  actorKind: row.actor_kind,
  actor: row.actor_id,
  action: row.action,
  outcome: row.outcome,
  targetKind: row.target_kind,
  target: row.target_id,
  requestId: row.request_id,
  details: row.details,
  hasDiff: row.has_diff,
  seq: row.seq === null ? null : Number(row.seq),
});

/** The tenant's own log, or the instance's for its operators. @throws ServiceError FORBIDDEN */
export function logOf(ctx: Ctx, log: 'tenant' | 'instance'): string {
  if (log === 'tenant') return ctx.tenant.id;
  if (ctx.actor.kind === 'user' && ctx.actor.isInstanceOperator) return INSTALLATION.id;
  throw new ServiceError('FORBIDDEN', "the instance's audit log is for the instance's operators");
}

function readLog<T>(ctx: Ctx, log: 'tenant' | 'instance', read: (tx: Tx, tenantId: string) => Promise<T>): Promise<T> {
  const tenantId = logOf(ctx, log);
  if (tenantId === ctx.tenant.id) return withTransaction(ctx, (tx) => read(tx, tenantId));
  return transaction(ctx.pool, { tenantId }, (tx) => read(tx, tenantId));
}
