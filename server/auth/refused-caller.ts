import type { ServiceError } from '#server/lib/index.ts';
import type { Actor } from '#server/tenancy/index.ts';

/** Who was refused although the credential is a right one, for the audit log of that tenant; never in an answer. */
export type RefusedCaller = { tenantId: string | null; actor: Actor };

const callers = new WeakMap<ServiceError, RefusedCaller>();

/** Remembers who met this error. */
export function refusedTo(caller: RefusedCaller, error: ServiceError): ServiceError {
  callers.set(error, caller);
  return error;
}

/** Whom authenticate() refused with this error; null when nobody is known by the credential. */
export const refusedCallerOf = (error: ServiceError): RefusedCaller | null => callers.get(error) ?? null;
