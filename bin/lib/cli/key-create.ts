// `mainspring key create`: beside the database for any tenant, else over HTTP for the tenant of a key with keys:write.
import type { MainspringClient } from 'mainspring/client';
import { createKey } from '#server/accounts/index.ts';
import { KEY_SCOPES, type Scope } from '#server/auth/index.ts';
import { createLogger } from '#server/lib/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';
import { asJson, type ExitCode } from './command.ts';
import type { LocalDatabase } from './local-database.ts';
import { UsageError } from './usage.ts';
import { withDatabase } from './with-database.ts';

export type KeyFlags = { name: string | undefined; scopes: string[]; expiresInDays: string | undefined };
type Options = { isJson: boolean; print(text: string): void };

function inputOf({ name, scopes, expiresInDays }: KeyFlags) {
  if (!name) throw new UsageError('key create needs --name: what the key is for');
  if (scopes.length === 0) throw new UsageError(`key create needs --scope, once or more: ${KEY_SCOPES.join(', ')}`);
  const unknown = scopes.filter((scope) => !KEY_SCOPES.some((one) => one === scope));
  if (unknown.length > 0) throw new UsageError(`there is no scope "${unknown[0]}": choose of ${KEY_SCOPES.join(', ')}`);
  const days = expiresInDays === undefined ? undefined : Number(expiresInDays);
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= 3_650))
    throw new UsageError(`--expires-in-days is a whole number of 1 to 3650, not "${expiresInDays}"`);
  return { name, scopes: scopes as Scope[], ...(days === undefined ? {} : { expiresInDays: days }) };
}

/** @throws UsageError, MainspringError */
export async function keyCreateOverHttp(client: MainspringClient, flags: KeyFlags, options: Options) {
  return say(await client.accounts.createKey.mutate(inputOf(flags)), options);
}

/** @throws UsageError when the tenant is not there, or is not named although there are several */
export async function keyCreateInDatabase(
  at: LocalDatabase,
  wanted: string | undefined,
  flags: KeyFlags,
  options: Options,
): Promise<ExitCode> {
  const input = inputOf(flags);
  return withDatabase(at, { max: 1, command: 'key create' }, async (pool) => {
    const tenants = await pool<Tenant[]>`select id, slug, name from tenants order by slug`;
    const [tenant, ...others] = tenants.filter(({ id, slug }) => !wanted || id === wanted || slug === wanted);
    if (!tenant)
      throw new UsageError(wanted ? `there is no tenant "${wanted}"` : 'there is no tenant: mainspring init');
    if (others.length > 0) throw new UsageError('several tenants are here: name one by --tenant');
    const log = createLogger({ level: 'warn', tier: 'cli' });
    const actor = { kind: 'system', id: 'key create' } as const;
    return say(await createKey({ pool, tenant, actor, requestId: 'cli', log }, input), options);
  });
}

type Made = { key: string | null; name: string; expiresAt: string | null };

function say(made: Made, { isJson, print }: Options): ExitCode {
  // The key alone on standard output: KEY=$(mainspring key create …).
  if (isJson) print(asJson(made));
  else print(`${made.key}\n`);
  return 0;
}
