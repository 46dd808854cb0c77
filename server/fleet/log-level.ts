// Log levels that are set for a while, for all processes, for a tier or for one process. Each process follows with its
// heartbeat, so a change is everywhere within ten seconds and ends by itself.

import { z } from 'zod';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { LOG_LEVELS } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { type Logger, query, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import { type Actor, actorName, type Ctx, INSTALLATION } from '#server/tenancy/index.ts';

export const PutLogLevelInput = z.strictObject({
  scope: z.string().min(1).max(200).default('all').describe('`all`, a tier (web, worker), or the id of a process.'),
  level: z.enum(LOG_LEVELS).nullable().describe('Null takes it back.'),
  ttlSeconds: z.number().int().min(10).max(86_400).default(900),
});
export type LevelSet = { scope: string; level: string; until: string; setBy: string };
export type LogLevels = {
  processes: { id: string; tier: string; base: string | null; effective: string | null }[];
  overrides: LevelSet[];
};

/** What is set and has not run out, by the database's clock. */
export const readOpenLevels = (tx: Tx): Promise<LevelSet[]> =>
  query<LevelSet>(
    tx,
    sql`select scope, level, to_char(until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as until, set_by as "setBy"
      from log_levels where until > now() order by scope`,
  );

/** One's own before the tier's before everybody's. */
export function effectiveLevel(open: readonly LevelSet[], me: { processId: string; tier: string }): LevelSet | null {
  for (const scope of [me.processId, me.tier, 'all']) {
    const found = open.find((one) => one.scope === scope);
    if (found) return found;
  }
  return null;
}

/** Base and effective level of every process that lives, and what is set for a while. */
export function getLogLevels(pool: Pool): Promise<LogLevels> {
  return transaction(pool, { statementTimeoutMs: 5_000 }, async (tx) => ({
    processes: await query<LogLevels['processes'][number]>(
      tx,
      sql`select id, tier, info -> 'logLevel' ->> 'base' as base, info -> 'logLevel' ->> 'effective' as effective
        from processes where last_seen_at > now() - interval '1 minute' order by tier, id`,
    ),
    overrides: await readOpenLevels(tx),
  }));
}

/**
 * Sets a level for a while, or takes it back. Told in the installation's audit log.
 * @throws ServiceError INPUT_INVALID for a scope that is nobody's
 */
export function putLogLevel(
  deps: { pool: Pool; log: Logger; requestId: string; actor: Actor },
  input: z.output<typeof PutLogLevelInput>,
): Promise<LogLevels> {
  const ctx: Ctx = { ...deps, tenant: INSTALLATION };
  return transaction(deps.pool, { tenantId: INSTALLATION.id, statementTimeoutMs: 5_000 }, async (tx) => {
    await requireScope(tx, input.scope);
    if (input.level === null) await tx.execute(sql`delete from log_levels where scope = ${input.scope}`);
    else
      await tx.execute(sql`insert into log_levels (scope, level, until, set_by)
        values (${input.scope}, ${input.level}, now() + make_interval(secs => ${input.ttlSeconds}::int), ${actorName(deps.actor)})
        on conflict (scope) do update set level = excluded.level, until = excluded.until, set_by = excluded.set_by, set_at = now()`);
    await recordAudit(tx, ctx, {
      ...{ action: 'log.level', targetKind: 'process', targetId: input.scope },
      details: { level: input.level, ttlSeconds: input.ttlSeconds },
    });
  }).then(() => getLogLevels(deps.pool));
}

async function requireScope(tx: Tx, scope: string): Promise<void> {
  if (scope === 'all') return;
  const found = await query(tx, sql`select from processes where id = ${scope} or tier = ${scope} limit 1`);
  if (found.length === 0)
    throw new ServiceError('INPUT_INVALID', `there is no process and no tier "${scope}"; GET /log-level lists them`);
}
