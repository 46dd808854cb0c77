import { sql } from '#db/drizzle.ts';
import { apiKeys } from '#db/schema/index.ts';
import { hashToken, newToken, type Tx } from '#server/lib/index.ts';
import type { Scope } from './scopes.ts';

const PREFIX = 'ms_';

/** A new key of 256 random bits; shown once, stored hashed. */
export const newApiKey = (): string => PREFIX + newToken();

/** The key a request carries, as `Authorization: Bearer ms_…` or `X-API-Key: ms_…`; null without one. */
export function apiKeyOf(headers: Headers): string | null {
  const bearer = headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1];
  const key = bearer ?? headers.get('x-api-key');
  return key || null;
}

export type StoreApiKey = {
  tenantId: string;
  name: string;
  key: string;
  scopes: readonly Scope[];
  /** The user who made it, by a key of theirs perhaps; null for a key made by a script. */
  createdBy?: string | null;
  expiresAt?: Date | null;
  /** From now by the database's clock; beside it expiresAt does not count. */
  expiresInDays?: number | null;
};

export type StoredApiKey = { id: string; prefix: string; expiresAt: Date | null };

/** Stores the key's hash. Null: the same key was there already, and nothing was changed. */
export async function storeApiKey(tx: Tx, input: StoreApiKey): Promise<StoredApiKey | null> {
  const days = input.expiresInDays ?? null;
  const [made] = await tx
    .insert(apiKeys)
    .values({
      tenantId: input.tenantId,
      name: input.name,
      prefix: input.key.slice(0, PREFIX.length + 6),
      keyHash: hashToken(input.key),
      scopes: [...input.scopes],
      createdBy: input.createdBy ?? null,
      expiresAt: days === null ? (input.expiresAt ?? null) : sql`now() + make_interval(days => ${days}::int)`,
    })
    .onConflictDoNothing()
    .returning({ id: apiKeys.id, prefix: apiKeys.prefix, expiresAt: apiKeys.expiresAt });
  return made ?? null;
}
