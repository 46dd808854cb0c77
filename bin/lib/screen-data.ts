// What the pictures show beyond the demo: made over the API, as a person's scripts would; it may be there already.
import type { Installation } from '../../e2e/installation.ts';
import { openSession } from '../../e2e/people.ts';
import { openGitServer } from '../../server/gitops/testing/git-server.ts';
import { type Call, callerOf } from './screen-call.ts';
import { type DataRequests, makeChangeRequests, makeDataRequests, makeRefusals } from './screen-governance.ts';
import { makeModels } from './screen-models.ts';

export interface MadeData extends DataRequests {
  /** A connection that was tested. */
  connectionId: string;
  /** The address of an invite that nobody has accepted, without its host. */
  invitePath: string;
  /** A change request that one stage has approved. */
  waitingId: string;
  /** A model with a live version. */
  modelId: string;
}

/**
 * Connections in each state, events and customers, an alert rule that was tested, a report, an open invite, drift,
 * models, change requests, data requests, and audit rows that a SIEM refused.
 */
export async function makeScreenData(installation: Installation): Promise<MadeData> {
  const { baseUrl, apiKey } = installation;
  const call = callerOf(baseUrl, { authorization: `Bearer ${apiKey}` });
  const ofName = async (path: string, name: string) =>
    (await call('GET', path)).items?.find((item) => item.name === name)?.id ?? '';

  const url = `${process.env.E2E_RECEIVER ?? 'https://chat.example.org'}/events`;
  const brokers = [{ host: '127.0.0.1', port: 9 }];
  await call('POST', '/connections', {
    ...{ name: 'team-chat', kind: 'webhook', description: 'Where the on-call team reads', secrets: { url } },
  });
  await call('POST', '/connections', { name: 'stock-ticks', kind: 'kafka', config: { brokers, ssl: false } });
  await call('POST', '/connections', {
    ...{ name: 'sales-archive', kind: 's3', config: { bucket: 'sales-archive', region: 'eu-central-1' } },
    secrets: { accessKeyId: 'none', secretAccessKey: 'none' },
  });
  for (const name of ['team-chat', 'stock-ticks']) await call('POST', `/connections/${name}/test`, {});

  for (const [index, outcome] of ['accepted', 'ignored', 'accepted', 'rejected'].entries()) {
    const { interactionId } = await call('POST', '/respond', {
      ...{ customerId: `customer-${index % 3}`, offerId: 'spring-fares', channel: 'web', interactionType: 'offer' },
    });
    await call('POST', '/outcomes', { interactionId, outcome });
  }

  const channels = [{ kind: 'log' }];
  await call('POST', '/alerts/rules', {
    ...{ name: 'Runs fail', metric: 'failed_runs', operator: '>', threshold: 3, windowMinutes: 60, channels },
  });
  await call('POST', `/alerts/rules/${await ofName('/alerts/rules', 'Runs fail')}/test`, {});
  await call('POST', '/reports/schedules', {
    ...{ name: 'Monday morning', template: 'fleet_summary', cron: '0 8 * * 1', timezone: 'Europe/Berlin', channels },
  });
  await call('POST', `/reports/schedules/${await ofName('/reports/schedules', 'Monday morning')}/run`, {});

  // What is done by a person is shown with their name.
  const { tenantId, login } = installation;
  const as = { email: login.email, name: 'Demo operator', role: 'admin' } as const;
  const person = callerOf(baseUrl, { cookie: `mainspring_session=${await openSession(tenantId, as)}` });
  await makeDrift(call);
  await makeRefusals(installation);
  const { linkPath } = await call('POST', '/invites', { email: 'new.colleague@example.org', role: 'operator' });
  const connections = (await call('GET', '/connections')).items ?? [];
  return {
    connectionId: (connections.find(({ kind }) => kind === 'webhook') ?? connections[0])?.id ?? '',
    invitePath: linkPath ?? '/invite',
    ...(await makeModels(person, installation)),
    ...(await makeChangeRequests(installation)),
    ...(await makeDataRequests(person)),
  };
}

/** A repository in which one pipeline stands as it is, one was changed, one is new, and one file cannot be read. */
async function makeDrift(call: Call): Promise<void> {
  const git = await openGitServer();
  try {
    const repository = git.makeRepository('pipelines');
    const [same, other] = await Promise.all(
      ['seattle-weather', 'movie-ratings'].map(async (name) => (await call('GET', `/pipelines/${name}/ir`)).document),
    );
    const changed = { ...(other as { metadata: object }) };
    changed.metadata = { ...changed.metadata, description: 'Ratings, cleaned and counted by genre' };
    repository.commit(
      {
        'pipelines/weather.yaml': JSON.stringify(same),
        'pipelines/ratings.yaml': JSON.stringify(changed),
        'pipelines/fares.yaml': JSON.stringify({ ...changed, metadata: { ...changed.metadata, name: 'fares' } }),
        'pipelines/draft.yaml': 'kind: pipeline\nmetadata: {name: draft',
      },
      'Count ratings by genre',
    );
    await call('POST', '/connections', {
      ...{ name: 'pipelines-repository', kind: 'git', config: { url: repository.url, path: 'pipelines' }, secrets: {} },
    });
    await call('PUT', '/gitops/source', { connection: 'pipelines-repository' });
    await call('POST', '/gitops/check', {});
  } finally {
    await git.close();
  }
}
