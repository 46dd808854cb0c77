// How far the audit log has been shipped. The database says which rows can have no earlier one any more: every
// transaction numbered below the oldest running one has ended, so what commits late is read late and not left out.
import { sql } from '#db/drizzle.ts';
import { query, queryOne, storableText, type Tx } from '#server/lib/index.ts';
import { destinationId, type SiemTarget } from './config.ts';
import type { Refusal } from './deliver.ts';
import type { AuditRow } from './wire.ts';

export type Position = { tx: string; auditId: string };

/** The destination's position; a new one begins with the first audit row there is. */
export async function openPosition(tx: Tx, target: SiemTarget): Promise<Position> {
  const id = destinationId(target);
  await tx.execute(sql`insert into siem_destinations (id, backend, endpoint)
    values (${id}, ${target.backend}, ${target.endpoint}) on conflict do nothing`);
  return queryOne<Position>(
    tx,
    sql`select tx::text as tx, audit_id as "auditId" from siem_destinations where id = ${id}`,
  );
}

const columns = sql`a.id, a.tx::text as tx, a.tenant_id as "tenantId", coalesce(t.slug, '') as tenant, a.created_at as at,
  a.actor_kind as "actorKind", a.actor_id as "actorId", a.action, a.outcome, a.target_kind as "targetKind",
  a.target_id as "targetId", a.request_id as "requestId", a.before_digest as "beforeDigest",
  a.after_digest as "afterDigest", a.details`;
const toRow = (row: AuditRow): AuditRow => ({ ...row, at: new Date(row.at).toISOString() });

/** Up to `limit` rows of all tenants after the position, in commit order. */
export async function readAfter(tx: Tx, after: Position, limit: number): Promise<AuditRow[]> {
  const rows = await query<AuditRow>(
    tx,
    sql`select ${columns} from (select * from audit_log a where (a.tx, a.id) > (${after.tx}::xid8, ${after.auditId}::uuid)
          and a.tx < pg_snapshot_xmin(pg_current_snapshot()) order by a.tx, a.id limit ${limit}) a
        left join cron_tenants() t on t.id = a.tenant_id
      order by a.tx::text::numeric, a.id`,
  );
  return rows.map(toRow);
}

/** Moves the position over rows that are settled, with those set aside. */
export async function movePosition(
  tx: Tx,
  target: SiemTarget,
  settled: { to: Position; shipped: number; refused: readonly Refusal[] },
): Promise<void> {
  const id = destinationId(target);
  await tx.execute(sql`update siem_destinations set tx = ${settled.to.tx}::xid8, audit_id = ${settled.to.auditId}::uuid,
      shipped = shipped + ${settled.shipped}::bigint, last_shipped_at = clock_timestamp(), updated_at = clock_timestamp(),
      last_error = null
    where id = ${id}`);
  await setAside(tx, target, settled.refused);
}

/** Rows that were refused. One that somebody had sent again is open again; one that was discarded stays so. */
export async function setAside(tx: Tx, target: SiemTarget, refused: readonly Refusal[]): Promise<void> {
  const id = destinationId(target);
  for (const { row, status, reason } of refused)
    await tx.execute(sql`insert into siem_quarantine as q (tenant_id, destination, audit_id, status, reason)
      values (${row.tenantId}::uuid, ${id}, ${row.id}::uuid, ${status}::int, ${reason})
      on conflict (tenant_id, destination, audit_id) do update set status = excluded.status, reason = excluded.reason,
        created_at = now(), state = case q.state when 'requeued' then 'open' else q.state end,
        decided_by = case q.state when 'requeued' then null else q.decided_by end,
        decided_at = case q.state when 'requeued' then null else q.decided_at end`);
}

/** Forgets that rows were set aside: the destination has taken them. */
export async function takeBack(tx: Tx, target: SiemTarget, shipped: readonly AuditRow[]): Promise<void> {
  const rows = JSON.stringify(shipped.map(({ tenantId, id }) => ({ tenantId, id })));
  await tx.execute(sql`delete from siem_quarantine q
    using jsonb_to_recordset(${rows}::text::jsonb) as s ("tenantId" uuid, id uuid)
    where q.tenant_id = s."tenantId" and q.destination = ${destinationId(target)} and q.audit_id = s.id`);
}

/**
 * Takes over what somebody wants sent again and a former destination refused: nobody would ever come for it there. What
 * the position has not reached is only let go, because it comes by itself.
 */
export async function adoptRequeued(tx: Tx, target: SiemTarget): Promise<void> {
  const id = destinationId(target);
  await tx.execute(sql`with former as (
      delete from siem_quarantine where state = 'requeued' and destination <> ${id}
      returning tenant_id, audit_id, status, reason, decided_by, decided_at)
    insert into siem_quarantine (tenant_id, destination, audit_id, status, reason, state, decided_by, decided_at)
    select distinct on (f.tenant_id, f.audit_id) f.tenant_id, ${id}, f.audit_id, f.status, f.reason, 'requeued',
      f.decided_by, f.decided_at
    from former f join audit_log a on a.tenant_id = f.tenant_id and a.id = f.audit_id
      join siem_destinations d on d.id = ${id} and (a.tx, a.id) <= (d.tx, d.audit_id)
    order by f.tenant_id, f.audit_id, f.decided_at desc
    on conflict do nothing`);
}

/** Rows that arrived without moving the position. The destination is well again, whatever it said before. */
export async function noteShipped(tx: Tx, target: SiemTarget, shipped: number): Promise<void> {
  await tx.execute(sql`update siem_destinations set shipped = shipped + ${shipped}::bigint, last_error = null,
      last_shipped_at = case when ${shipped}::bigint > 0 then clock_timestamp() else last_shipped_at end,
      updated_at = clock_timestamp()
    where id = ${destinationId(target)}`);
}

/** Up to `limit` rows that this destination refused and somebody wants sent again, oldest first. */
export async function readRequeued(tx: Tx, target: SiemTarget, limit: number): Promise<AuditRow[]> {
  const rows = await query<AuditRow>(
    tx,
    sql`select ${columns} from siem_quarantine q join audit_log a on a.tenant_id = q.tenant_id and a.id = q.audit_id
        left join cron_tenants() t on t.id = a.tenant_id
      where q.destination = ${destinationId(target)} and q.state = 'requeued' order by a.id limit ${limit}`,
  );
  return rows.map(toRow);
}

export async function noteError(tx: Tx, target: SiemTarget, error: string): Promise<void> {
  await tx.execute(sql`update siem_destinations set last_error = ${storableText(error, 1_000)}, updated_at = clock_timestamp()
    where id = ${destinationId(target)}`);
}

/**
 * Sets the position back to before the first row written at or after an instant: all from there on are shipped again.
 * Never forward: what was not shipped yet would be passed over.
 */
export async function rewind(tx: Tx, target: SiemTarget, from: Date): Promise<void> {
  const [first] = await query<{ tx: string }>(
    tx,
    sql`select a.tx::text as tx from audit_log a where a.created_at >= ${from.toISOString()}::timestamptz
      order by a.tx, a.id limit 1`,
  );
  if (!first) return;
  await tx.execute(sql`update siem_destinations set tx = ${first.tx}::xid8,
      audit_id = '00000000-0000-0000-0000-000000000000', updated_at = clock_timestamp()
    where id = ${destinationId(target)}
      and (tx, audit_id) > (${first.tx}::xid8, '00000000-0000-0000-0000-000000000000'::uuid)`);
}

/** Where a destination is to which nothing was ever shipped. */
const START: Position = { tx: '0', auditId: '00000000-0000-0000-0000-000000000000' };

/** Age of the oldest row that is not settled, in seconds; 0 when there is none. */
export async function unshippedSeconds(tx: Tx, target: SiemTarget): Promise<number> {
  const [position = START] = await query<Position>(
    tx,
    sql`select tx::text as tx, audit_id as "auditId" from siem_destinations where id = ${destinationId(target)}`,
  );
  const { seconds } = await queryOne<{ seconds: number }>(
    tx,
    sql`select coalesce(extract(epoch from clock_timestamp() - min(o.created_at)), 0)::float8 as seconds from (
      select a.created_at from audit_log a
      where (a.tx, a.id) > (${position.tx}::xid8, ${position.auditId}::uuid) order by a.tx, a.id limit 100) o`,
  );
  return seconds;
}
