import type { Pool } from '#db/client.ts';
import { authenticate } from '#server/auth/index.ts';
import type { Viewer } from '#server/fleet/index.ts';
import { findOperator, type OperationsDoor } from './operations-door.ts';

/** Who asks for /health. A credential that does not count makes its bearer anybody: a probe must not fail for it. */
export async function viewerOf(
  request: Request,
  door: OperationsDoor,
  { pool, idleSeconds }: { pool: Pool; idleSeconds: number },
): Promise<Viewer> {
  const operator = await findOperator(request, door).catch(() => null);
  if (operator) return { kind: 'instance' };
  const caller = await authenticate(pool, request.headers, idleSeconds).catch(() => null);
  return caller?.tenant ? { kind: 'tenant', tenant: caller.tenant } : { kind: 'anybody' };
}
