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
  expiresAt?: Date | null;
};

/** Stores the key's hash; a second time with the same key changes nothing. */
export async function storeApiKey(tx: Tx, input: StoreApiKey): Promise<void> {
  await tx
    .insert(apiKeys)
    .values({
      tenantId: input.tenantId,
      name: input.name,
      prefix: input.key.slice(0, PREFIX.length + 6),
      keyHash: hashToken(input.key),
      scopes: [...input.scopes],
      expiresAt: input.expiresAt ?? null,
    })
    .onConflictDoNothing();
}
