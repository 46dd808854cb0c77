// Two tenants with audit rows, a receiver of each backend, and shipments to them.
import { afterAll, beforeEach } from 'vitest';
import { passHorizon, type TestDatabase } from '#db/testing/index.ts';
import { jobContext } from '#server/jobs/testing/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { SIEM_BACKENDS } from '../config.ts';
import { DELIVERY, shipAudit } from '../ship.ts';
import { openReceiver, type Receiver } from './index.ts';

type Backend = (typeof SIEM_BACKENDS)[number];
/** Tries as a shipment does, without the long pauses. */
export const QUICK = { ...DELIVERY, firstPauseMs: 5 };

/** Before each test the log is empty, nothing was shipped and the receivers are well. */
export async function openShipping(db: TestDatabase) {
  const client = createOutboundClient({ allowCidrs: [] });
  const acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
  const receivers = new Map<string, Receiver>();
  for (const backend of SIEM_BACKENDS) receivers.set(backend, await openReceiver(backend));
  afterAll(async () => {
    client.close();
    await Promise.all([...receivers.values()].map((receiver) => receiver.close()));
  });
  beforeEach(async () => {
    await db.owner`truncate audit_log, siem_destinations, siem_quarantine`;
    for (const receiver of receivers.values())
      Object.assign(receiver, {
        kept: [],
        requests: 0,
        faults: [],
        complaints: [],
        refuse: () => false,
        putOff: () => false,
      });
  });

  const targetOf = (backend: Backend) => ({
    ...{
      backend,
      client,
      endpoint: receivers.get(backend)!.url,
      apiKey: 'the-key',
      index: 'audit',
      sourcetype: 'mainspring',
    },
  });
  const ctx = jobContext(db.worker);
  const ship = (backend: Backend, options: Parameters<typeof shipAudit>[2] = {}) =>
    shipAudit(ctx, targetOf(backend), { delivery: QUICK, ...options });

  /** Ids in the order of their commits. The next shipment sees them. */
  async function writeRows(count: number, tenant: Tenant = acme, details = {}): Promise<string[]> {
    const rows = await db.owner<{ id: string }[]>`
      insert into audit_log (tenant_id, id, actor_kind, actor_id, action, target_kind, target_id, details)
      select ${tenant.id}, ms_uuid(), 'user', 'ada@example.org', 'pipeline.pause', 'pipeline', n::text, ${JSON.stringify(details)}::text::jsonb
      from generate_series(1, ${count}) n returning id`;
    await passHorizon(db.owner);
    return rows.map((row) => row.id).sort();
  }
  const quarantined = async () =>
    (await db.owner<{ id: string }[]>`select audit_id as id from siem_quarantine order by 1`).map((row) => row.id);
  return { acme, blue, receivers, targetOf, ctx, ship, writeRows, quarantined };
}
