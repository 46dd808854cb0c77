import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { newId, query, refuseStale, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { activeKey } from './data-keys.ts';
import { type Parts, parseParts } from './parse-parts.ts';
import { getConnection } from './read-connections.ts';
import { findRow, secretsOf } from './rows.ts';
import type { CreateConnectionInput, UpdateConnectionInput } from './schemas.ts';
import { sealSecrets } from './secrets.ts';
import { services } from './services.ts';

const MAX_CONNECTIONS = 500;

/** @throws ServiceError INPUT_INVALID, CONNECTION_NAME_TAKEN, QUOTA_EXCEEDED, SECRETS_UNAVAILABLE */
export async function createConnection(ctx: Ctx, input: z.output<typeof CreateConnectionInput>) {
  const parts = parseParts(input.kind, input);
  return withTransaction(ctx, async (tx) => {
    await refuseTooMany(tx, ctx);
    const id = newId();
    const sealed = await sealedColumns(tx, ctx, id, parts);
    const made = await query(
      tx,
      sql`insert into connections (tenant_id, id, name, kind, description, config, secret_names, secrets, key_id, created_by, updated_by)
        values (${ctx.tenant.id}, ${id}, ${input.name}, ${input.kind}, ${input.description}, ${JSON.stringify(parts.config)}::jsonb,
          ${sealed.names}, ${sealed.secrets}, ${sealed.keyId}, ${actorName(ctx.actor)}, ${actorName(ctx.actor)})
        on conflict (tenant_id, name) do nothing returning id`,
    );
    if (made.length === 0) throw nameTaken(input.name);
    await recordAudit(tx, ctx, {
      ...{ action: 'connection.create', targetKind: 'connection', targetId: id },
      after: publicPart({ ...input, config: parts.config }, Object.keys(parts.secrets)),
    });
    return getConnection({ ...ctx, tx }, { id });
  });
}

/**
 * Changes what is named; secrets that are not named stay as they are.
 * @throws ServiceError CONNECTION_NOT_FOUND, VERSION_STALE, CONNECTION_NAME_TAKEN, INPUT_INVALID, SECRETS_UNAVAILABLE
 */
export function updateConnection(ctx: Ctx, input: z.output<typeof UpdateConnectionInput>) {
  return withTransaction(ctx, async (tx) => {
    const row = await findRow(tx, ctx.tenant.id, input.id, { lock: true });
    refuseStale('the connection', input.ifUpdatedAt, row);
    const parts = parseParts(row.kind, mergeParts(ctx, row, input));
    const name = input.name ?? row.name;
    const description = input.description ?? row.description;
    const [taken] = await query(
      tx,
      sql`select id from connections where tenant_id = ${ctx.tenant.id} and name = ${name} and id <> ${row.id}`,
    );
    if (taken) throw nameTaken(name);
    const sealed = await sealedColumns(tx, ctx, row.id, parts);
    await tx.execute(sql`update connections set name = ${name}, description = ${description},
        config = ${JSON.stringify(parts.config)}::jsonb, secret_names = ${sealed.names}, secrets = ${sealed.secrets},
        key_id = ${sealed.keyId}, updated_by = ${actorName(ctx.actor)},
        updated_at = greatest(now(), updated_at + interval '1 millisecond'),
        tested_at = null, test_ok = null, test_message = null
      where tenant_id = ${ctx.tenant.id} and id = ${row.id}`);
    await recordAudit(tx, ctx, {
      ...{ action: 'connection.update', targetKind: 'connection', targetId: row.id },
      before: publicPart(row, row.secretNames),
      after: publicPart({ name, description, kind: row.kind, config: parts.config }, Object.keys(parts.secrets)),
      details: { replaced: Object.keys(input.secrets ?? {}) },
    });
    return getConnection({ ...ctx, tx }, { id: row.id });
  });
}

/** Configuration and secrets as they will be: the stored ones with the change over them. */
export function mergeParts(
  ctx: Ctx,
  row: Awaited<ReturnType<typeof findRow>>,
  input: { config?: unknown; secrets?: Record<string, unknown> | undefined },
): { config: unknown; secrets: Record<string, unknown> } {
  const stored = secretsOf(services().masters, ctx.tenant.id, row);
  refuseKeptAtNewAddress(row.config, stored, input);
  const merged = { ...stored, ...input.secrets };
  return {
    config: input.config ?? row.config,
    secrets: Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)),
  };
}

/** Where a connection leads. */
const ADDRESS = ['endpoint', 'url', 'host', 'port', 'brokers'];

/**
 * A stored secret goes only where it was given for: else whoever may write a connection points it at a server of
 * their own and reads there what nobody can read here.
 * @throws ServiceError INPUT_INVALID
 */
function refuseKeptAtNewAddress(
  config: unknown,
  stored: Record<string, unknown>,
  input: { config?: unknown; secrets?: Record<string, unknown> | undefined },
): void {
  const partOf = (of: unknown, name: string) => JSON.stringify((of as Record<string, unknown> | null)?.[name]);
  const moves =
    ADDRESS.some(
      (name) => partOf(input.config, name) !== undefined && partOf(input.config, name) !== partOf(config, name),
    ) ||
    (input.secrets?.url !== undefined && input.secrets.url !== stored.url);
  const kept = Object.keys(stored).filter((name) => input.secrets?.[name] === undefined);
  if (!moves || kept.length === 0) return;
  throw new ServiceError(
    'INPUT_INVALID',
    `the address changes, and stored secrets do not follow it: give ${kept.join(', ')} again, or null to drop`,
    { secrets: kept },
  );
}

/** @throws ServiceError CONNECTION_NOT_FOUND */
export function deleteConnection(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const row = await findRow(tx, ctx.tenant.id, input.id, { lock: true });
    await tx.execute(sql`delete from connections where tenant_id = ${ctx.tenant.id} and id = ${row.id}`);
    await recordAudit(tx, ctx, {
      ...{ action: 'connection.delete', targetKind: 'connection', targetId: row.id },
      before: publicPart(row, row.secretNames),
    });
    return { id: row.id };
  });
}

type Sealed = { names: ReturnType<typeof sql>; secrets: ReturnType<typeof sql>; keyId: string | null };

async function sealedColumns(tx: Tx, ctx: Ctx, id: string, { secrets }: Parts): Promise<Sealed> {
  const names = Object.keys(secrets).sort();
  if (names.length === 0) return { names: sql`'{}'::text[]`, secrets: sql`null`, keyId: null };
  const key = await activeKey(tx, services().masters);
  const sealed = sealSecrets(key, { of: 'connection', tenantId: ctx.tenant.id, id }, secrets);
  return {
    names: sql`array(select jsonb_array_elements_text(${JSON.stringify(names)}::jsonb))`,
    secrets: sql`decode(${sealed.toString('hex')}, 'hex')`,
    keyId: key.id,
  };
}

async function refuseTooMany(tx: Tx, ctx: Ctx): Promise<void> {
  const [row] = await query<{ count: number }>(
    tx,
    sql`select count(*)::int as count from connections where tenant_id = ${ctx.tenant.id}`,
  );
  const used = row?.count ?? 0;
  if (used >= MAX_CONNECTIONS)
    throw new ServiceError('QUOTA_EXCEEDED', `a tenant has at most ${MAX_CONNECTIONS} connections`, {
      ...{ quota: 'connections', used, limit: MAX_CONNECTIONS },
    });
}

const nameTaken = (name: string) =>
  new ServiceError('CONNECTION_NAME_TAKEN', `there is already a connection "${name}"`, { name });

/** `sealed`: which secrets are set. The audit log hides what stands under a name like "secrets". */
const publicPart = (
  row: { name: string; kind: string; description: string; config: unknown },
  secretNames: readonly string[],
) => ({
  ...{ name: row.name, kind: row.kind, description: row.description, config: row.config },
  sealed: [...secretNames].sort(),
});
