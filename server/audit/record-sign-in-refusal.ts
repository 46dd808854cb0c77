import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { type ErrorCode, type Logger, logError, query, transaction } from '#server/lib/index.ts';
import { type Refusal, recordRefusal, whileWriting } from './record-refusal.ts';

export type SignInRefusal = {
  /** Whom they said to be; empty: nobody was named. */
  email: string;
  address: string | null;
  code: ErrorCode;
  requestId: string;
  /** Small, and never a secret. */
  details?: Record<string, unknown>;
};

/**
 * A failed sign-in: in the instance's log, and in the logs of the tenants that the account belongs to, so that their
 * admins see it. Never rejects. Nothing of the password is here.
 */
export function recordSignInRefusal(pool: Pool, log: Logger, refused: SignInRefusal): Promise<void> {
  return whileWriting(pool, recordInEach(pool, log, refused));
}

async function recordInEach(pool: Pool, log: Logger, refused: SignInRefusal): Promise<void> {
  const email = refused.email.trim().toLowerCase().slice(0, 320);
  const refusal: Omit<Refusal, 'tenantId'> = {
    ...{
      actor: null,
      ...(email === '' ? {} : { claimed: email }),
      action: 'session.open',
      code: refused.code,
      requestId: refused.requestId,
    },
    ...{ targetKind: 'user', targetId: email, details: { ...refused.details, address: refused.address } },
  };
  for (const tenantId of [null, ...(email === '' ? [] : await tenantsOf(pool, log, email))])
    await recordRefusal(pool, log, { ...refusal, tenantId });
}

async function tenantsOf(pool: Pool, log: Logger, email: string): Promise<string[]> {
  try {
    const rows = await transaction(pool, { statementTimeoutMs: 5_000 }, (tx) =>
      query<{ tenant_id: string }>(tx, sql`select tenant_id from auth_login_tenants(${email})`),
    );
    return rows.map((row) => row.tenant_id);
  } catch (error) {
    logError(log, error, 'the tenants of a refused sign-in are not known');
    return [];
  }
}
