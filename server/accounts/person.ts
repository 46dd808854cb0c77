import { ServiceError } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';

export type Person = { userId: string; email: string; sessionId: string; idleSeconds: number };

/**
 * The signed-in person of an operation whose audience is people.
 * @throws ServiceError FORBIDDEN when something else asks
 */
export function personOf({ actor }: Pick<Ctx, 'actor'>): Person {
  if (actor.kind !== 'user' || !actor.session)
    throw new ServiceError('FORBIDDEN', 'this is for people who are signed in');
  const { id: userId, email, session } = actor;
  return { userId, email, sessionId: session.id, idleSeconds: session.idleSeconds };
}
