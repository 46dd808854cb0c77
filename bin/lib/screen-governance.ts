// Change requests, data requests and what a SIEM refused, for the pictures: a page with nothing on it shows nothing.
import type { Installation } from '../../e2e/installation.ts';
import { openSession } from '../../e2e/people.ts';
import { refuse } from '../../e2e/siem-refusals.ts';
import { type Call, callerOf } from './screen-call.ts';

const DONE_WITHIN_MS = 120_000;
const PIPELINE = 'airports-by-state';

/** One request that waits for who takes the pictures, one that was approved, one that was rejected. */
export async function makeChangeRequests({ baseUrl, tenantId, login }: Installation): Promise<{ waitingId: string }> {
  const as = async (email: string, name: string, role: 'operator' | 'admin') =>
    callerOf(baseUrl, { cookie: `mainspring_session=${await openSession(tenantId, { email, name, role })}` });
  const bea = await as('bea.keller@demo.example', 'Bea Keller', 'admin');
  const cem = await as('cem.aydin@demo.example', 'Cem Aydin', 'operator');
  const admin = await as(login.email, 'Demo operator', 'admin');
  const open = (await admin('GET', '/approvals?state=open')).items?.[0];
  if (open !== undefined) return { waitingId: open.id };

  await admin('PUT', '/approvals/settings', {
    ...{ version: 0, selectors: ['team:aviation', 'critical'], expiryHours: 72, allowSamePerson: false },
    stages: [
      { name: 'Owners', approvers: 1, roles: ['operator', 'admin'] },
      { name: 'Release', approvers: 1, roles: ['admin'] },
    ],
  });
  const { document } = await bea('GET', `/pipelines/${PIPELINE}/ir`);
  const now = document as { metadata: object; nodes: { id: string; config: object }[] };
  const withWhere = (description: string, where: string) => ({
    ...{ ...now, metadata: { ...now.metadata, description } },
    nodes: now.nodes.map((node) => (node.id === 'mainland' ? { ...node, config: { where } } : node)),
  });
  const ask = async (baseVersion: number, changed: object) => {
    await bea('PUT', `/pipelines/${PIPELINE}/ir`, { baseVersion, document: changed });
    return (await bea('POST', `/pipelines/${PIPELINE}/publish`, {})).changeRequest?.id ?? '';
  };
  const rejectedId = await ask(1, withWhere('Counts the airports of each state.', 'state is not null'));
  await cem('POST', `/approvals/${rejectedId}/reject`, {
    reason: 'Rows with an empty state would be counted as one more state.',
  });
  const appliedId = await ask(2, withWhere('Counts the airports of each state, without foreign ones.', "state <> ''"));
  await cem('POST', `/approvals/${appliedId}/approve`, { comment: 'Same counts on last week’s rows.' });
  await admin('POST', `/approvals/${appliedId}/approve`, {});
  const waitingId = await ask(
    3,
    withWhere('Counts the airports of each state of the mainland.', "state <> '' and state not in ('AK', 'HI')"),
  );
  await cem('POST', `/approvals/${waitingId}/approve`, { comment: 'Agreed with the planning team.' });
  return { waitingId };
}

export type DataRequests = { givenId: string; erasedId: string; refusedId: string };

/** One person was given their data, one erased, one is kept by a hold, and one has asked just now. */
export async function makeDataRequests(call: Call): Promise<DataRequests> {
  const take = async (kind: 'access' | 'erase', customerId: string, note: string) => {
    const found = (await call('GET', `/dsar?kind=${kind}&customerId=${customerId}`)).items?.[0];
    const id = found?.id ?? (await call('POST', '/dsar', { kind, customerId, note })).id ?? '';
    if (found === undefined) await call('POST', `/dsar/${id}/run`, {});
    return id;
  };
  const customers = ['anna.berg', 'boris.lang', 'carla.mohr', 'dora.kuhn'];
  if ((await call('GET', '/dsar?limit=1')).items?.length === 0)
    for (const customerId of customers)
      for (const offerId of ['spring-fares', 'lounge-pass', 'seat-upgrade']) {
        const said = { customerId, offerId, channel: 'web', interactionType: 'offer' };
        const { interactionId } = await call('POST', '/respond', said);
        await call('POST', '/outcomes', { interactionId, outcome: 'accepted' });
      }
  await call('POST', '/retention/holds', {
    kind: 'subject',
    customerId: 'carla.mohr',
    reason: 'Case 4711, by counsel',
  });
  const givenId = await take('access', 'anna.berg', 'Asked by letter, 12 May');
  const erasedId = await take('erase', 'boris.lang', 'Asked on the telephone, identity checked');
  const refusedId = await take('erase', 'carla.mohr', 'Asked by e-mail');
  await call('POST', '/dsar', { kind: 'erase', customerId: 'dora.kuhn', note: 'Asked by letter' });
  await until(call, givenId, 'completed');
  await until(call, erasedId, 'completed');
  await until(call, refusedId, 'refused');
  return { givenId, erasedId, refusedId };
}

/** A worker takes a request up within some seconds; what it waits for may take it longer. */
async function until(call: Call, id: string, state: string): Promise<void> {
  const deadlineMs = Date.now() + DONE_WITHIN_MS;
  let last = '';
  while (Date.now() < deadlineMs) {
    last = (await call('GET', `/dsar/${id}`)).state ?? '';
    if (last === state) return;
    await new Promise((done) => setTimeout(done, 1_000));
  }
  console.error(`screens: data request ${id} is ${last} and not ${state}`);
}

/** Rows of the audit log that a SIEM did not take. */
export const makeRefusals = ({ tenantId, login }: Installation): Promise<void> =>
  refuse(tenantId, ['pipeline.publish', 'connection.update', 'pipeline.publish'], {
    ...{ actorId: login.email, details: { pipeline: 'flight-delays', version: '2' } },
    reason: 'mapper_parsing_exception: failed to parse field [details.version] of type [long]',
  });
