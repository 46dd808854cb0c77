// The secrets of one connection, or of one webhook's address, sealed as one JSON object. Tenant, row and key are authenticated with it: a cipher
// text that somebody copies to another row or tenant does not open there.
import type { DataKey } from './data-keys.ts';
import { seal, unseal } from './master-key.ts';

export type Secrets = Record<string, string>;
/** What a sealed row is. */
export type SealedKind = 'connection' | 'webhook-address';
type Where = { of: SealedKind; tenantId: string; id: string };

const about = ({ of, tenantId, id }: Where, keyId: string) => `mainspring.${of}.v1 ${tenantId} ${id} ${keyId}`;

export const sealSecrets = (key: DataKey, where: Where, secrets: Secrets): Buffer =>
  seal(key.key, Buffer.from(JSON.stringify(secrets), 'utf8'), about(where, key.id));

/** @throws Error when the row's secrets are not what was sealed for it */
export const openSecrets = (key: DataKey, where: Where, sealed: Buffer): Secrets =>
  JSON.parse(unseal(key.key, sealed, about(where, key.id)).toString('utf8')) as Secrets;
