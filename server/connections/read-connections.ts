import type { z } from 'zod';
import { and, asc, eq } from '#db/drizzle.ts';
import { connections } from '#db/schema/index.ts';
import { type TransactionScope, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { type ConnectionKind, KINDS, type OpenConnection } from './kinds.ts';
import { refuseOtherKind } from './refuse-other-kind.ts';
import { findRow, secretsOf } from './rows.ts';
import type { Connection } from './schemas.ts';
import { services } from './services.ts';

/** By name. A tenant has at most some hundred: no pages. */
export function listConnections(ctx: Ctx, input: { kind?: ConnectionKind | undefined }) {
  return withTransaction(ctx, async (tx) => {
    const isKind = input.kind ? eq(connections.kind, input.kind) : undefined;
    const rows = await tx
      .select()
      .from(connections)
      .where(and(eq(connections.tenantId, ctx.tenant.id), isKind))
      .orderBy(asc(connections.name));
    return { items: rows.map(toConnection) };
  });
}

/** @throws ServiceError CONNECTION_NOT_FOUND */
export function getConnection(ctx: Ctx, input: { id: string }) {
  return withTransaction(ctx, async (tx) => {
    const { id } = await findRow(tx, ctx.tenant.id, input.id);
    const [row] = await tx
      .select()
      .from(connections)
      .where(and(eq(connections.tenantId, ctx.tenant.id), eq(connections.id, id)));
    return toConnection(row!);
  });
}

function toConnection(row: typeof connections.$inferSelect): z.output<typeof Connection> {
  const { id, name, kind, description, config, secretNames, createdBy, updatedBy } = row;
  return {
    ...{ id, name, kind, description, config, secretNames, createdBy, updatedBy },
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    test:
      row.testedAt === null
        ? null
        : { ok: row.testOk ?? false, message: row.testMessage ?? '', testedAt: row.testedAt.toISOString() },
  };
}

/**
 * For the code that uses a connection, by id or name: its secrets in the clear. Never log or answer them; send to its
 * addresses through the outbound client with trust `tenant`.
 * @throws ServiceError CONNECTION_NOT_FOUND, CONNECTION_KIND_WRONG, SECRETS_UNAVAILABLE
 */
export function openConnection<Kind extends ConnectionKind>(
  scope: TransactionScope,
  ref: string,
  kind: Kind,
): Promise<OpenConnection<Kind>> {
  return withTransaction(scope, async (tx) => {
    const row = await findRow(tx, scope.tenant.id, ref);
    refuseOtherKind(row, kind);
    const secrets = secretsOf(services().masters, scope.tenant.id, row);
    const { origin: _shown, ...config } = row.config;
    return {
      ...{ id: row.id, name: row.name, kind },
      config: KINDS[kind].config.parse(config) as OpenConnection<Kind>['config'],
      secrets: KINDS[kind].secrets.parse(secrets) as OpenConnection<Kind>['secrets'],
    };
  });
}
