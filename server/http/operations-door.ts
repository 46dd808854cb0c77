// Who may see what is not a tenant's: metrics, log levels, everybody's failed pipelines.
import { isSameSecret, ServiceError } from '#server/lib/index.ts';
import type { Actor } from '#server/tenancy/index.ts';

export type OperationsDoor = {
  metricsToken: string | undefined;
  /** A port that only the operator's own network reaches needs no token. */
  isOpen: boolean;
  /** The signed-in instance operator of a request, where people sign in at all. */
  findOperator?: (request: Request) => Promise<Actor | null>;
};

/** Whoever came through the door; null when nobody may. */
export async function findOperator(request: Request, door: OperationsDoor): Promise<Actor | null> {
  const given = request.headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1];
  if (door.metricsToken && given && isSameSecret(given, door.metricsToken))
    return { kind: 'system', id: 'metrics-token' };
  if (door.isOpen) return { kind: 'system', id: 'private-port' };
  return (await door.findOperator?.(request)) ?? null;
}

/** @throws ServiceError UNAUTHENTICATED; what findOperator throws */
export async function requireOperator(request: Request, door: OperationsDoor): Promise<Actor> {
  const actor = await findOperator(request, door);
  if (actor) return actor;
  throw new ServiceError(
    'UNAUTHENTICATED',
    door.metricsToken
      ? 'send METRICS_TOKEN as Authorization: Bearer, or sign in as the instance operator'
      : 'METRICS_TOKEN is not set on this server: this is for the instance operator, or the private port',
  );
}
