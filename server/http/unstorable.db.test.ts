// PostgreSQL stores no U+0000 and no half of a surrogate pair, neither as text nor in jsonb, and says so as a failure of the
// statement. Whoever sent one is told which field it is in, at every door.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { encodeCursor } from '#server/lib/index.ts';
import { expectProblem, JSON_TYPE, openApi } from './testing/api.ts';
import { CRON_SECRET, METRICS_TOKEN } from './testing/index.ts';

const db = await testDatabase();
const { web, auth, post, tenant } = await openApi(db);
const NUL = 'a\0b';
const HALF = 'a\ud83db';

/** The places that the answer names, which must be a 400. */
async function namedBy(response: Response): Promise<unknown> {
  const { details, message } = await expectProblem(response, 400, 'INPUT_INVALID');
  const { issues } = details as { issues: { pointer: string }[] };
  for (const { pointer } of issues) expect(message).toContain(pointer);
  return issues.map(({ pointer }) => pointer);
}

describe('text that cannot be stored', () => {
  const interaction = { customerId: 'c', offerId: 'o', channel: 'web', interactionType: 'impression' };
  const attachment = { name: 'a.txt', contentType: 'text/plain', contentBase64: 'YQ==' };
  const outcome = { interactionId: '018f0000-0000-7000-8000-000000000000', outcome: 'accepted' };

  it.each([
    ['/customerId', '/respond', { ...interaction, customerId: NUL }],
    ['/offerId', '/respond', { ...interaction, offerId: NUL }],
    ['/channel', '/respond', { ...interaction, channel: NUL }],
    ['/interactionType', '/respond', { ...interaction, interactionType: NUL }],
    ['/occurredAt', '/respond', { ...interaction, occurredAt: '2026-03-01T00:00:00Z\0' }],
    ['/context/deep/0/text', '/respond', { ...interaction, context: { deep: [{ text: NUL }] } }],
    ['/context', '/respond', { ...interaction, context: { [NUL]: 1 } }],
    ['/decisionTrace/why', '/respond', { ...interaction, decisionTrace: { why: NUL } }],
    ['/attachments/0/name', '/respond', { ...interaction, attachments: [{ ...attachment, name: NUL }] }],
    [
      '/attachments/0/contentType',
      '/respond',
      { ...interaction, attachments: [{ ...attachment, contentType: 'text/plain; a=\0' }] },
    ],
    ['/outcome', '/outcomes', { ...outcome, outcome: NUL }],
    ['/interactionId', '/outcomes', { ...outcome, interactionId: NUL }],
    ['/unknown', '/outcomes', { ...outcome, unknown: NUL }],
    ['/name', '/keys', { name: NUL, scopes: ['pipelines:read'] }],
    ['/ids/0', '/siem/quarantine/requeue', { ids: [NUL] }],
    ['/customerId', '/respond', { ...interaction, customerId: HALF }],
    ['/context/deep/0/text', '/respond', { ...interaction, context: { deep: [{ text: HALF }] } }],
    ['/context', '/respond', { ...interaction, context: { [HALF]: 1 } }],
    ['/name', '/keys', { name: HALF, scopes: ['pipelines:read'] }],
  ])('at %s is refused by it, and nothing is stored', async (pointer, path, body) => {
    expect(await namedBy(await post(`/api/v1${path}`, body))).toEqual([pointer]);
    const stored = await db.owner`select from interaction_history where tenant_id = ${tenant.id}`;
    expect(stored).toHaveLength(0);
  });

  it('is refused in a query, a path, a call of tRPC, and with an Idempotency-Key alike', async () => {
    expect(await namedBy(await web.fetch('/api/v1/pipelines?search=a%00', { headers: auth() }))).toEqual(['/search']);
    expect(await namedBy(await web.fetch('/api/v1/pipelines/a%00', { headers: auth() }))).toEqual(['/id']);
    const called = await web.fetch('/trpc/interactions.respond', {
      ...{ method: 'POST', headers: { ...auth(), ...JSON_TYPE } },
      body: JSON.stringify({ ...interaction, customerId: NUL }),
    });
    const { error } = (await called.json()) as { error: { data: Record<string, unknown> } };
    expect([called.status, error.data]).toMatchObject([
      400,
      { code: 'INPUT_INVALID', details: { issues: [{ pointer: '/customerId' }] } },
    ]);
    const keyed = { ...auth(), 'idempotency-key': 'zero-byte' };
    const wrong = { ...interaction, customerId: NUL };
    for (let i = 0; i < 2; i += 1)
      expect(await namedBy(await post('/api/v1/respond', wrong, keyed))).toEqual(['/customerId']);
    // The key was not taken by that: it is free for what can be stored.
    expect((await post('/api/v1/respond', interaction, keyed)).status).toBe(201);
  });

  it('in a cursor is no place in any list', async () => {
    for (const [path, parts] of [
      ['pipelines', [NUL]],
      ['pipelines', [HALF]],
      ['users', [NUL]],
      ['siem/quarantine', [tenant.id, NUL]],
      ['gitops/documents', ['1', NUL, tenant.id]],
    ] as const) {
      const response = await web.fetch(`/api/v1/${path}?cursor=${encodeCursor(parts)}`, { headers: auth() });
      expect((await expectProblem(response, 400, 'INPUT_INVALID')).message).toContain('cursor');
    }
  });

  it('is refused by the routes that are no procedures, and by the form of the sign-in', async () => {
    const cron = { method: 'POST', headers: { 'x-cron-secret': CRON_SECRET } };
    expect(await namedBy(await web.fetch('/api/v1/cron/cleanup?why=a%00', cron))).toEqual(['/why']);
    const level = await web.fetch('/log-level', {
      ...{ method: 'PUT', headers: { authorization: `Bearer ${METRICS_TOKEN}`, ...JSON_TYPE } },
      body: JSON.stringify({ scope: NUL, level: 'debug' }),
    });
    expect(await namedBy(level)).toEqual(['/scope']);
    const signIn = await web.fetch('/sign-in', {
      ...{ method: 'POST', headers: { origin: web.baseUrl, ...JSON_TYPE } },
      body: JSON.stringify({ email: NUL, password: 'a spring that is wound' }),
    });
    expect([signIn.status, await signIn.json()]).toEqual([200, { ok: false }]);
  });
});
