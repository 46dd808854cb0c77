// An Idempotency-Key: who sends a request twice gets the first one's answer, and nothing is done twice.
//
// What is shown once must not be kept, and a hash of a password is a thing to guess at: fields named as secret are
// left out of the request's hash and are null in the stored answer. So a retry of "create a key" whose first answer
// was lost learns the new key's id and not the key; it revokes that one and creates another.
import { createHash } from 'node:crypto';
import { and, eq } from '#db/drizzle.ts';
import { idempotencyKeys } from '#db/schema/index.ts';
import { ServiceError } from './errors.ts';
import type { Tx } from './transaction.ts';

/** Fields of a mutation that no table may keep, by name, at the top of its input or answer. */
export type SecretFields = { input?: readonly string[]; output?: readonly string[] };

export type IdempotencyClaim = {
  tenantId: string;
  /** The procedure's path; with the person where it is about the person, so that two people never share a key. */
  operation: string;
  key: string;
  secrets?: SecretFields | undefined;
};

const keyIs = ({ tenantId, operation, key }: IdempotencyClaim) =>
  and(eq(idempotencyKeys.tenantId, tenantId), eq(idempotencyKeys.operation, operation), eq(idempotencyKeys.key, key));

/** The value with the named fields of an object null. */
function without(value: unknown, names: readonly string[] | undefined): unknown {
  if (!names || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return { ...value, ...Object.fromEntries(names.filter((name) => name in value).map((name) => [name, null])) };
}

/**
 * The first caller inserts the key, gets null and goes on; a second waits for it here and gets its answer.
 * @throws ServiceError IDEMPOTENCY_KEY_REUSED, INPUT_INVALID
 */
export async function claimIdempotencyKey(
  tx: Tx,
  claim: IdempotencyClaim,
  input: unknown,
): Promise<{ response: unknown } | null> {
  requireShort(claim);
  const { tenantId, operation, key } = claim;
  const requestHash = hashOf(claim, input);
  const made = await tx
    .insert(idempotencyKeys)
    .values({ tenantId, operation, key, requestHash })
    .onConflictDoNothing()
    .returning({ key: idempotencyKeys.key });
  return made.length > 0 ? null : findResponse(tx, claim, input);
}

function requireShort({ key }: IdempotencyClaim): void {
  if (key.length > 200) throw new ServiceError('INPUT_INVALID', 'Idempotency-Key has at most 200 characters');
}

const hashOf = ({ secrets }: IdempotencyClaim, input: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(without(input, secrets?.input) ?? null))
    .digest();

/**
 * What was kept under the key, without claiming it; null when nobody has.
 * @throws ServiceError IDEMPOTENCY_KEY_REUSED, INPUT_INVALID
 */
export async function findResponse(
  tx: Tx,
  claim: IdempotencyClaim,
  input: unknown,
): Promise<{ response: unknown } | null> {
  requireShort(claim);
  const [found] = await tx.select().from(idempotencyKeys).where(keyIs(claim));
  if (!found) return null;
  if (!found.requestHash.equals(hashOf(claim, input)))
    throw new ServiceError('IDEMPOTENCY_KEY_REUSED', `Idempotency-Key "${claim.key}" was used with another request`);
  return { response: found.response };
}

/** Stores what a later caller with the same key is answered. */
export async function keepResponse(tx: Tx, claim: IdempotencyClaim, response: unknown): Promise<void> {
  await tx
    .update(idempotencyKeys)
    .set({ response: without(response, claim.secrets?.output) ?? null })
    .where(keyIs(claim));
}
