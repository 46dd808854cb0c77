import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { laneOf } from '#db/outbox-lane.ts';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import {
  appendEvent,
  createWebhookPublisher,
  type Hold,
  isTransient,
  LANES,
  publishLane,
  takeLanes,
} from '../index.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const db = await testDatabase();
let tenantId: string;

type Got = { id: string; key: string; text: string; at: number; headers: IncomingMessage['headers'] };
/** A receiver as a user would write it: it checks the signature before anything else. */
const got: Got[] = [];
let answer: (event: Got, response: ServerResponse) => void;
let server: Server;
let url: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString();
      new Webhook(SECRET).verify(text, request.headers as Record<string, string>, { jsonParse: false });
      const { id, key } = JSON.parse(text) as { id: string; key: string };
      answer({ id, key, text, at: performance.now(), headers: request.headers }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/events?token=t`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  got.length = 0;
  answer = take;
});

const take = (event: Got, response: ServerResponse) => {
  got.push(event);
  response.writeHead(204).end();
};
const refuse = (response: ServerResponse, status: number, headers = {}) => {
  response.writeHead(status, headers).end('because');
};
const breakOff = (response: ServerResponse) => {
  response.writeHead(200, { 'content-length': '100' }).write('half of', () => response.socket?.destroy());
};
const open = (over: { url?: string } = {}) => {
  const publisher = createWebhookPublisher({
    ...{ client: createOutboundClient({ allowCidrs: [] }), url, secret: SECRET },
    ...over,
  });
  afterAll(() => publisher.close());
  return publisher;
};
const append = (keys: string[]) =>
  transaction(db.app, { tenantId }, async (tx) => {
    const ids: string[] = [];
    for (const [n, key] of keys.entries())
      ids.push((await appendEvent(tx, { tenantId, type: 'thing.v1', key, payload: { n } })).eventId);
    return ids;
  });
/** A key of another tenant whose events are claimed together with those of this one. */
function sameLaneKey(of: string, key: string, other: string): string {
  for (let n = 0; ; n += 1) if (laneOf(other, `k${n}`) === laneOf(of, key)) return `k${n}`;
}
const takeAll = () => takeLanes(db.worker, { owner: 'one', leaseMs: 30_000, limit: LANES, held: [] });
const lines: string[] = [];
const log = createLogger({ level: 'info', tier: 'test', write: (line) => lines.push(line) });
/** One turn of each lane. */
async function turn(publisher: ReturnType<typeof open>, holds: Hold[], leaseMs = 30_000) {
  const signal = new AbortController().signal;
  const options = { ...{ leaseMs, batchSize: 500, maxAttempts: 2, isSweep: true }, signal };
  for (const hold of holds) await publishLane({ pool: db.worker, publisher, log }, hold, options);
}
const rowsOf = () => db.owner<{ id: string; status: string; attempts: number; reason: string | null }[]>`
  select id, status, attempts, last_error as reason from outbox_events order by seq`;

describe('the webhook publisher', () => {
  it('posts each event once, signed, each key in order, and the same bytes when it is asked again', async () => {
    const ids = await append(Array.from({ length: 200 }, (_, n) => `k${n % 9}`));
    await turn(open(), await takeAll());
    expect(got.map(({ id }) => id).sort()).toEqual([...ids].sort());
    for (const key of new Set(got.map((event) => event.key))) {
      const own = got.filter((event) => event.key === key).map(({ id }) => ids.indexOf(id));
      expect(own).toEqual([...own].sort((a, b) => a - b));
    }
    expect(got[0]!.headers).toMatchObject({ 'webhook-id': got[0]!.id, 'mainspring-event-type': 'thing.v1' });
    expect(new Set((await rowsOf()).map(({ status }) => status))).toEqual(new Set(['published']));

    const before = new Map(got.map(({ id, text }) => [id, text]));
    await db.owner`update outbox_events set status = 'pending', claim_token = null`;
    await db.owner`update outbox_lanes set owner = null, low_water = 0`;
    await turn(open(), await takeAll());
    expect(got).toHaveLength(400);
    for (const { id, text } of got) expect(text).toBe(before.get(id));
  });

  it('lets a key that is answered 503 wait without counting an attempt, and only that key', async () => {
    const seconds = Number(process.env.OUTBOX_TEST_503_SECONDS ?? 3);
    const publisher = open();
    const holds = await takeAll();
    const untilMs = performance.now() + seconds * 1_000;
    let refusals = 0;
    answer = (event, response) => {
      if (event.key !== 'slow' || performance.now() > untilMs) return take(event, response);
      refusals += 1;
      refuse(response, 503);
    };
    const slow = await append(['slow', 'slow', 'slow']);
    const others: string[] = [];
    while (performance.now() < untilMs) {
      const ids = await append(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
      others.push(...ids);
      await turn(publisher, holds);
      // What came after the slow one was stored is out in the very next turn.
      expect(got.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    }
    expect(refusals).toBeGreaterThan(1);
    await expect
      .poll(() => turn(publisher, holds).then(() => got.length), { timeout: 20_000, interval: 100 })
      .toBe(slow.length + others.length);
    expect(got.filter(({ key }) => key === 'slow').map(({ id }) => id)).toEqual(slow);
    const rows = await rowsOf();
    expect(rows.every(({ status, attempts }) => status === 'published' && attempts === 0)).toBe(true);
    expect(rows[0]!.reason).toContain('503 Service Unavailable: because');
  }, 120_000);

  it('sets aside at once what the receiver will never take, with its reason, and the key goes on', async () => {
    const [poison] = await append(['k', 'k', 'other']);
    answer = (event, response) => (event.id === poison ? refuse(response, 422) : take(event, response));
    lines.length = 0;
    await turn(open(), await takeAll());
    const [row] = await db.owner`select error_id from outbox_events where id = ${poison!}`;
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'warn', msg: 'events were not taken', errorId: row!.error_id, refused: 1, failed: 1, eventId: poison },
    ]);
    expect(lines[0]).not.toContain('because');
    expect(await rowsOf()).toMatchObject([
      { status: 'failed', attempts: 1, reason: 'the receiver answered 422 Unprocessable Entity: because' },
      { status: 'published' },
      { status: 'published' },
    ]);
    expect(got).toHaveLength(2);
  });

  it.each([
    ['a zero byte', Buffer.from('no\0thing')],
    ['half of a character where it is cut', Buffer.from(`${'x'.repeat(299)}\u{1f600} and more`)],
    ['no text', Buffer.from([0, 0xff, 0xfe, 0xd8, 0x3d])],
  ])('keeps the reason when the receiver answers %s', async (_, body) => {
    const ids = await append(['k', 'k', ...Array.from({ length: 20 }, (_, n) => `other ${n}`)]);
    answer = (event, response) => (event.id === ids[0] ? response.writeHead(422).end(body) : take(event, response));
    await turn(open(), await takeAll());
    const [poison, ...others] = await rowsOf();
    expect(poison).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(/^the receiver answered 422 .*\ufffd/),
    });
    expect(others).toMatchObject(ids.slice(1).map(() => ({ status: 'published' })));
  });

  it('tells no tenant what the receiver answered another', async () => {
    const other = (await createTenant(db.owner, { slug: 'beta', name: 'Beta' })).id;
    const key = 'k';
    await append([key]);
    await transaction(db.app, { tenantId: other }, (tx) =>
      appendEvent(tx, { tenantId: other, type: 'thing.v1', key: sameLaneKey(tenantId, key, other), payload: {} }),
    );
    answer = (_, response) => response.writeHead(404).end('no such customer acme-1\0');
    await expect(turn(open(), await takeAll())).rejects.toMatchObject({
      message: expect.stringContaining('no such customer acme-1'),
      isReleased: true,
    });
    const reason = expect.stringMatching(
      /^the webhook backend takes no events as it is set up; see the log under the error id$/,
    );
    expect(await rowsOf()).toMatchObject([
      { status: 'pending', attempts: 0, reason },
      { status: 'pending', attempts: 0, reason },
    ]);
  });

  it.each([
    ['a 500', (response: ServerResponse) => refuse(response, 500)],
    ['a 502 of a proxy whose receiver crashes', (response: ServerResponse) => refuse(response, 502)],
    ['a 504', (response: ServerResponse) => refuse(response, 504)],
    ['a cut connection', (response: ServerResponse) => void response.socket?.destroy()],
    ['silence', () => {}],
    ['an answer that breaks off', breakOff],
    ['an answer that is not HTTP', (response: ServerResponse) => void response.socket?.end('no such thing\r\n\r\n')],
  ])(
    'counts %s against an event when the receiver took another since it last failed, and only then',
    async (_, fail) => {
      answer = (event, response) => (event.key === 'bad' ? fail(response) : take(event, response));
      const publisher = open();
      const holds = await takeAll();
      // Whoever has just taken one is there.
      await append(['first']);
      await turn(publisher, holds);
      await append(['bad', 'bad']);
      const again = async () => {
        await db.owner`update outbox_events set available_at = now() where status = 'pending'`;
        // Silence of a receiver that has taken nothing for ten seconds may be an outage, on a machine that slow.
        await turn(publisher, holds, 4_000).catch((error: unknown) => {
          if (!isTransient(error)) throw error;
        });
        return (await rowsOf()).slice(1, 3).map(({ status, attempts }) => `${status} ${attempts}`);
      };
      const waiting = ['pending 0', 'pending 0'];
      for (let n = 0; n < 3; n += 1) expect(await again()).toEqual(waiting);
      await append(['good']);
      await expect.poll(again, { timeout: 60_000 }).toEqual(['pending 1', 'pending 0']);
      for (let n = 0; n < 3; n += 1) expect(await again()).toEqual(['pending 1', 'pending 0']);
      await append(['fine']);
      // The attempts are used up: the key goes on with the event behind it.
      await expect.poll(again, { timeout: 60_000 }).toEqual(['failed 2', 'pending 0']);
    },
  );

  it('counts nothing against events that all fail, however often', async () => {
    const publisher = open();
    const holds = await takeAll();
    await append(['before']);
    await turn(publisher, holds);
    answer = (_, response) => refuse(response, 502);
    await append(['k', 'l', 'm', 'n']);
    for (let n = 0; n < 5; n += 1) {
      await db.owner`update outbox_events set available_at = now() where status = 'pending'`;
      await turn(publisher, holds);
    }
    expect((await rowsOf()).slice(1)).toMatchObject(Array(4).fill({ status: 'pending', attempts: 0 }));
  });

  it('follows no redirect, and calls a wrong address a failure that waiting does not cure', async () => {
    answer = (_, response) => refuse(response, 302, { location: url });
    await append(['k']);
    const failure: unknown = await turn(open(), await takeAll()).then(
      () => null,
      (error: unknown) => error,
    );
    expect(String(failure)).toContain('302 Found');
    expect(isTransient(failure)).toBe(false);
    expect(await rowsOf()).toMatchObject([{ status: 'pending', attempts: 0 }]);
  });

  it('calls a receiver that is away or silent an outage, and counts nothing', async () => {
    await append(['k', 'l', 'm', 'n']);
    const holds = await takeAll();
    answer = () => {};
    for (const publisher of [open({ url: 'http://127.0.0.1:9/' }), open()]) {
      const failure: unknown = await turn(publisher, holds, 2_000).then(
        () => null,
        (error: unknown) => error,
      );
      expect(isTransient(failure)).toBe(true);
    }
    expect((await rowsOf()).every(({ status, attempts }) => status === 'pending' && attempts === 0)).toBe(true);
  });

  it('names its requeued copies', async () => {
    await append(['k']);
    await db.owner`update outbox_events set headers = '{"mainspring-requeued": "1"}', headers_bytes = 28`;
    await turn(open(), await takeAll());
    expect(got[0]).toMatchObject({
      headers: { 'mainspring-requeued': '1' },
      text: expect.stringContaining('requeued'),
    });
  });
});
