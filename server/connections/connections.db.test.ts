import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { getConnection, listConnections, openConnection } from './read-connections.ts';
import { listUses } from './read-uses.ts';
import { testConnection } from './test-connection.ts';
import { serveTestConnections, testContext } from './testing/index.ts';
import { createConnection, deleteConnection, updateConnection } from './write-connection.ts';

const db = await testDatabase();
let mine: Ctx;
let theirs: Ctx;

beforeAll(async () => {
  serveTestConnections({ allowCidrs: ['127.0.0.0/8'] });
  mine = testContext(db.app, await createTenant(db.owner, { slug: 'mine', name: 'Mine' }));
  theirs = testContext(db.app, await createTenant(db.owner, { slug: 'theirs', name: 'Theirs' }));
});

const CANARY = 'canary-4e1f0c';
const webhook = (name: string, more: Record<string, unknown> = {}) => ({
  ...{ name, kind: 'webhook' as const, description: '', config: {} },
  secrets: { url: `https://hooks.example/services/${CANARY}?key=${CANARY}`, signingSecret: CANARY },
  ...more,
});
const everythingStored = async () =>
  JSON.stringify([
    await db.owner`select * from connections`,
    await db.owner`select * from audit_log`,
    await db.owner`select * from encryption_keys`,
    await db.owner`select encode(secrets, 'escape') as secrets from connections`,
  ]);

describe('a connection', () => {
  it('answers with its public part and the names of its secrets, and opens with their values', async () => {
    const made = await createConnection(mine, webhook('chat'));
    expect(made).toMatchObject({
      ...{ name: 'chat', kind: 'webhook', config: { origin: 'https://hooks.example' }, test: null },
      secretNames: ['signingSecret', 'url'],
    });
    const opened = await openConnection(mine, 'chat', 'webhook');
    expect(opened.secrets).toEqual(webhook('').secrets);
    expect(JSON.stringify([made, await listConnections(mine, {})])).not.toContain(CANARY);
  });

  it('is stored without a secret in the clear, and so is what the audit log says of it', async () => {
    await updateConnection(mine, { id: 'chat', secrets: { authorization: `Bearer ${CANARY}` } });
    expect(await everythingStored()).not.toContain(CANARY);
    const actions = await db.owner`select action from audit_log where tenant_id = ${mine.tenant.id} order by id`;
    expect(actions.map((row) => row.action)).toEqual(['connection.create', 'connection.update']);
  });

  it('that was changed since somebody read it is not overwritten by them, also of two at once', async () => {
    const { id, updatedAt } = await createConnection(mine, webhook('shared'));
    const save = (description: string, ifUpdatedAt?: string) =>
      updateConnection(mine, { id, description, ...(ifUpdatedAt === undefined ? {} : { ifUpdatedAt }) });
    const both = await Promise.allSettled([save('of one', updatedAt), save('of the other', updatedAt)]);
    const [refused] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    const [saved] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(refused).toMatchObject({ code: 'VERSION_STALE', message: expect.stringContaining('changed by') });
    expect((await getConnection(mine, { id })).description).toBe(saved?.description);
    await save('of the other, again', saved?.updatedAt);
    // Whoever does not say what they read means it whatever it is.
    expect((await save('of a script')).description).toBe('of a script');
    await expect(save('late', saved?.updatedAt)).rejects.toMatchObject({ code: 'VERSION_STALE' });
    await deleteConnection(mine, { id });
  });

  it('keeps the secrets that a change does not name, and loses one that is set to null', async () => {
    const changed = await updateConnection(mine, {
      ...{ id: 'chat', name: 'chat-room', config: { headers: { 'x-team': 'data' } }, secrets: { signingSecret: null } },
    });
    expect(changed).toMatchObject({ name: 'chat-room', secretNames: ['authorization', 'url'] });
    const { secrets, config } = await openConnection(mine, changed.id, 'webhook');
    expect(secrets).toEqual({ url: webhook('').secrets.url, authorization: `Bearer ${CANARY}` });
    expect(config).toEqual({ headers: { 'x-team': 'data' } });
  });

  it.each([
    [
      'git',
      { url: 'https://git.example/a.git' },
      { token: CANARY },
      { config: { url: 'https://evil.example/a.git' } },
      { token: 'another' },
    ],
    [
      'siem',
      { backend: 'splunk', endpoint: 'https://siem.example' },
      { apiKey: CANARY },
      { config: { backend: 'splunk', endpoint: 'https://evil.example' } },
      { apiKey: 'another' },
    ],
    [
      's3',
      { bucket: 'b', endpoint: 'https://s3.example' },
      { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: CANARY },
      { config: { bucket: 'b', endpoint: 'https://evil.example' } },
      { accessKeyId: 'AKIAIOSFODNN7ANOTHER', secretAccessKey: 'another' },
    ],
    [
      'smtp',
      { host: 'mail.example', port: 587, from: 'a@example.org', username: 'u' },
      { password: CANARY },
      { config: { host: 'evil.example', port: 587, from: 'a@example.org', username: 'u' } },
      { password: 'another' },
    ],
    [
      'kafka',
      { brokers: [{ host: 'kafka.example', port: 9092 }], saslMechanism: 'plain', username: 'u' },
      { password: CANARY },
      { config: { brokers: [{ host: 'evil.example', port: 9092 }], saslMechanism: 'plain', username: 'u' } },
      { password: 'another' },
    ],
    [
      'webhook',
      {},
      { url: 'https://hooks.example/a', signingSecret: CANARY },
      { secrets: { url: 'https://evil.example/a' } },
      { signingSecret: 'another' },
    ],
  ] as const)(
    'of kind %s goes to no other address with a secret that is not given again',
    async (kind, config, secrets, move, again) => {
      const { id } = await createConnection(mine, { name: `moved-${kind}`, kind, description: '', config, secrets });
      const before = await openConnection(mine, id, kind);
      const named = { ...('secrets' in move ? move.secrets : {}) };
      await expect(updateConnection(mine, { id, ...move })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining('give '),
      });
      expect(await openConnection(mine, id, kind)).toEqual(before);
      await updateConnection(mine, { id, ...move, secrets: { ...named, ...again } });
      const after = await openConnection(mine, id, kind);
      expect(JSON.stringify(after)).not.toContain(CANARY);
      expect(JSON.stringify(after)).toContain('evil.example');
    },
  );

  it("of another tenant is not found by its id or name, and its cipher text does not open in one's own row", async () => {
    const { id } = await createConnection(theirs, webhook('theirs'));
    for (const ref of [id, 'theirs']) {
      await expect(openConnection(mine, ref, 'webhook')).rejects.toMatchObject({ code: 'CONNECTION_NOT_FOUND' });
      await expect(deleteConnection(mine, { id: ref })).rejects.toMatchObject({ code: 'CONNECTION_NOT_FOUND' });
      await expect(updateConnection(mine, { id: ref })).rejects.toMatchObject({ code: 'CONNECTION_NOT_FOUND' });
    }
    await createConnection(mine, webhook('thief'));
    await db.owner`update connections set secrets = (select secrets from connections where id = ${id}),
      key_id = (select key_id from connections where id = ${id}) where name = 'thief'`;
    await expect(openConnection(mine, 'thief', 'webhook')).rejects.toThrow();
  });

  it('is refused under a name that is taken, on creation and on change', async () => {
    await createConnection(mine, webhook('first'));
    await expect(createConnection(mine, webhook('first'))).rejects.toMatchObject({ code: 'CONNECTION_NAME_TAKEN' });
    await createConnection(mine, webhook('second'));
    const taken = updateConnection(mine, { id: 'second', name: 'first' });
    await expect(taken).rejects.toMatchObject({ code: 'CONNECTION_NAME_TAKEN' });
  });

  it('of one kind does not open as another', async () => {
    await expect(openConnection(mine, 'first', 'smtp')).rejects.toMatchObject({ code: 'CONNECTION_KIND_WRONG' });
  });

  it.each([
    ['a secret in the public part', { config: { signingSecret: CANARY } }],
    ['an unknown secret', { secrets: { url: 'https://hooks.example/', pasword: CANARY } }],
    ['no address', { secrets: { signingSecret: CANARY } }],
    ['an address that is none', { secrets: { url: CANARY } }],
    ['a secret of two lines', { secrets: { url: 'https://hooks.example/', authorization: `${CANARY}\r\nX-A: b` } }],
    ['a user in a public address', { kind: 'git', config: { url: `https://u:${CANARY}@git.example/r` }, secrets: {} }],
    ['a query in a public address', { kind: 'git', config: { url: `https://git.example/r?t=${CANARY}` }, secrets: {} }],
    ['a path out of the repository', { kind: 'git', config: { url: 'https://git.example/r', path: 'a/../../b' } }],
    [
      'SASL without a password',
      { kind: 'kafka', config: { brokers: [{ host: 'k', port: 1 }], saslMechanism: 'plain' } },
    ],
    [
      'a mail password in the clear',
      { kind: 'smtp', config: { host: 'm', tls: 'none', from: 'a@b.co', username: 'u' } },
    ],
  ])('with %s is refused, and the refusal does not repeat a secret', async (what, change) => {
    const given = { ...webhook('refused'), ...change } as ReturnType<typeof webhook>;
    if (what.includes('mail')) given.secrets = { password: CANARY } as never;
    const error = await createConnection(mine, given).catch((refusal: unknown) => refusal as Error);
    expect(error).toMatchObject({ code: 'INPUT_INVALID' });
    expect(JSON.stringify([(error as Error).message, error])).not.toContain(CANARY);
  });

  it('is gone with its secrets after its deletion', async () => {
    const { id } = await createConnection(mine, webhook('gone'));
    await deleteConnection(mine, { id });
    await expect(openConnection(mine, id, 'webhook')).rejects.toMatchObject({ code: 'CONNECTION_NOT_FOUND' });
    expect(await db.owner`select id from connections where id = ${id}`).toEqual([]);
  });
});

describe('a test of a connection', () => {
  it('sends a signed event that holds no data, and keeps what came of it', async () => {
    const seen: { body: string; headers: Record<string, unknown> }[] = [];
    let status = 204;
    const server = createServer(async (request, response) => {
      seen.push({ body: Buffer.concat((await request.toArray()) as Buffer[]).toString(), headers: request.headers });
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const { id } = await createConnection(mine, webhook('local', { secrets: { url, signingSecret: CANARY } }));
    expect(await testConnection(mine, { id })).toMatchObject({
      ok: true,
      message: 'it took a test event: 204 No Content',
    });
    expect(JSON.parse(seen[0]!.body)).toMatchObject({ type: 'mainspring.test', data: {} });
    expect(seen[0]!.headers['webhook-signature']).toMatch(/^v1,/);
    status = 500;
    expect(await testConnection(mine, { id })).toMatchObject({ ok: false });
    const [row] = (await listConnections(mine, {})).items.filter((one) => one.id === id);
    expect(row?.test).toMatchObject({ ok: false, message: 'it answered 500 Internal Server Error' });
    await new Promise((resolve) => server.close(resolve));
    expect(await testConnection(mine, { id })).toMatchObject({ ok: false });
  });

  it('does not reach what may not be reached, although it was stored', async () => {
    await createConnection(mine, webhook('inner', { secrets: { url: 'https://10.0.0.1/' } }));
    const result = await testConnection(mine, { id: 'inner' });
    expect(result.ok).toBe(false);
    expect(result.message).toContain('not public');
  });
});

describe('what uses a connection', () => {
  /** `streams`: the connection that each version's stream reads from; the last but one is live. */
  const pipeline = async ({ tenant }: Ctx, name: string, streams: string[], isArchived = false) => {
    const [made] = await db.owner<{ id: string }[]>`
      insert into pipelines (tenant_id, id, name, latest_version, live_version, archived_at)
      values (${tenant.id}, ms_uuid(), ${name}, ${streams.length}, ${streams.length - 1}, case when ${isArchived}::boolean then now() end)
      returning id`;
    for (const [at, connection] of streams.entries()) {
      const ir = { nodes: [{ id: 's', config: { type: 'stream', connection, topic: 't' } }] };
      await db.owner`insert into pipeline_versions (tenant_id, pipeline_id, version, ir, digest)
        values (${tenant.id}, ${made!.id}, ${at + 1}, ${JSON.stringify(ir)}::jsonb, 'd')`;
    }
  };

  it('is every pipeline of the tenant that names it in its live or its newest version, and no other', async () => {
    const { id } = await createConnection(mine, webhook('used'));
    await createConnection(theirs, webhook('used'));
    await pipeline(mine, 'b-live', ['x', 'used', 'x']);
    await pipeline(mine, 'a-draft', ['x', 'x', id]);
    await pipeline(mine, 'c-formerly', ['used', 'x', 'x']);
    await pipeline(mine, 'd-archived', ['x', 'used', 'used'], true);
    await pipeline(theirs, 'e-theirs', ['x', 'used', 'used']);
    const uses = await listUses(mine, { id: 'used' });
    expect(uses.total).toBe(2);
    expect(uses.items.map(({ pipelineName, isLive }) => [pipelineName, isLive])).toEqual([
      ['a-draft', false],
      ['b-live', true],
    ]);
    expect(uses.isGitSource).toBe(false);
  });

  it('is the comparison of documents too, for the tenant that set it', async () => {
    const repository = {
      ...{ name: 'documents', kind: 'git' as const, description: '', secrets: {} },
      config: { url: 'https://git.example.org/a.git' },
    };
    const [made] = [await createConnection(mine, repository), await createConnection(theirs, repository)];
    await db.owner`insert into gitops_sources (tenant_id, connection_id, updated_by)
      values (${mine.tenant.id}, ${made.id}, 'test')`;
    expect(await listUses(mine, { id: 'documents' })).toEqual({ items: [], total: 0, isGitSource: true });
    expect(await listUses(theirs, { id: 'documents' })).toMatchObject({ isGitSource: false });
  });
});
