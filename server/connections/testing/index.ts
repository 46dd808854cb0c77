// What other rooms' tests need to work with connections: a key of their own and a way out.

import type { Pool } from '#db/client.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import type { Ctx, Tenant } from '#server/tenancy/index.ts';
import { INSTALLATION } from '#server/tenancy/index.ts';
import { masterKeys } from '../master-key.ts';
import { serveConnectionsWith } from '../services.ts';

export const TEST_ENCRYPTION_KEY = 'the encryption key of the tests, 32 and more';

/** Serves connections in this process with a test's key. */
export function serveTestConnections(options: { allowCidrs?: string[]; keys?: [string, ...string[]] } = {}) {
  const [current, ...old] = options.keys ?? [TEST_ENCRYPTION_KEY];
  const outbound = createOutboundClient({
    allowCidrs: options.allowCidrs ?? [],
    // Nothing here depends on what the machine's resolver knows.
    resolve: async (host) => (host.endsWith('.example') ? ['93.184.215.14'] : ['127.0.0.1']),
  });
  serveConnectionsWith({ masters: masterKeys(current, ...old), outbound });
  return outbound;
}

/** The context of an operation by a test; without a tenant it is the instance operator's. */
export const testContext = (pool: Pool, tenant: Tenant = INSTALLATION): Ctx => ({
  ...{ pool, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test' },
  log: createLogger({ level: 'silent', tier: 'test' }),
});
