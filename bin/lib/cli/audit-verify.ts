import type { MainspringClient } from 'mainspring/client';
import {
  CHAIN_PROBLEMS,
  type ChainReport,
  headsFolder,
  INSTANCE_LOG,
  listChains,
  outsideHeadsOf,
  readHeads,
  verifyChain,
} from '#server/audit/index.ts';
import { asJson, type ExitCode } from './command.ts';
import type { LocalDatabase } from './local-database.ts';
import { table } from './table.ts';
import { UsageError } from './usage.ts';
import { withDatabase } from './with-database.ts';

type Result = Omit<ChainReport, 'tenantId'> & { tenant: string };
type Options = { tenant: string | undefined; isJson: boolean; print(text: string): void };

/** `mainspring audit verify` beside the database: every tenant's chain, or one's; 1 when one is not whole. */
export function verifyInDatabase(at: LocalDatabase, options: Options): Promise<ExitCode> {
  return withDatabase(at, { max: 1, command: 'audit verify' }, async (pool) => {
    const outside = await readHeads(headsFolder(at.home));
    const tenants = await pool<{ id: string; slug: string }[]>`select id, slug from tenants`;
    const slugs = new Map([[INSTANCE_LOG, '(instance)'], ...tenants.map(({ id, slug }) => [id, slug] as const)]);
    const wanted = options.tenant;
    const one = tenants.find(({ id, slug }) => id === wanted || slug === wanted);
    if (wanted && !one) throw new UsageError(`this installation has no tenant "${wanted}"`);
    const results: Result[] = [];
    for (const tenantId of one ? [one.id] : await listChains(pool, outside)) {
      const { tenantId: _, ...report } = await verifyChain(pool, tenantId, outsideHeadsOf(outside, tenantId));
      results.push({ tenant: slugs.get(tenantId) ?? tenantId, ...report });
    }
    return say(results, options);
  });
}

/** The same over HTTP for the key's tenant: what the server says of itself. */
export async function verifyOverHttp(client: MainspringClient, options: Options): Promise<ExitCode> {
  const verdict = await client.audit.verify.query({});
  const { checked, unsealed, comparedOutside, head, firstBad } = verdict;
  return say([{ tenant: options.tenant ?? '', checked, unsealed, comparedOutside, head, firstBad }], options);
}

function say(results: Result[], { isJson, print }: Options): ExitCode {
  const isWhole = results.every(({ firstBad }) => firstBad === null);
  if (isJson) print(asJson(results.map((result) => ({ ...result, isWhole: result.firstBad === null }))));
  else {
    const rows = results.map(({ tenant, checked, unsealed, comparedOutside, head, firstBad }) => [
      ...[tenant, String(checked), String(unsealed), String(comparedOutside), head?.sealedAt ?? ''],
      firstBad
        ? `NOT WHOLE at ${firstBad.seq}${firstBad.auditId ? ` (${firstBad.auditId})` : ''}: ${CHAIN_PROBLEMS[firstBad.problem]}`
        : 'whole',
    ]);
    print(table(['tenant', 'checked', 'unsealed', 'outside heads', 'sealed at', 'chain'], rows));
    if (results.length === 0) print('Nothing is sealed yet.\n');
  }
  return isWhole ? 0 : 1;
}
