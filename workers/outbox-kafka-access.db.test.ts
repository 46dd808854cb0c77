// The publisher process before a Kafka that asks for TLS and a sign-in, as an operator configures it.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { health } from '#server/fleet/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { hasKafka, makeTopics, readTopic, SASL_USER, sharedBroker } from './testing/kafka/index.ts';
import { startPublisher } from './testing/publisher-process.ts';

const db = await testDatabase();
let tenantId: string;
let home: string;
let strangersFile: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-kafka-access-'));
  strangersFile = join(home, 'strangers.pem');
  await writeFile(strangersFile, rootCertificates[0]!);
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});

const append = (type: string, count: number) =>
  transaction(db.app, { tenantId }, async (tx) => {
    for (let n = 0; n < count; n += 1) await appendEvent(tx, { tenantId, type, key: `k${n}`, payload: { n } });
  });
const states = async () => [
  ...(await db.owner`select status, attempts, count(*)::int as n from outbox_events group by 1, 2 order by 1`),
];

describe.skipIf(!hasKafka())('a publisher before a Kafka that is closed to strangers', { timeout: 180_000 }, () => {
  let sealed: { brokers: string; caFile: string };
  beforeAll(async () => {
    const broker = await sharedBroker();
    if (!broker.sealed) throw new Error('the broker of the run has no listener with TLS');
    sealed = broker.sealed;
  }, 240_000);

  const start = (name: string, env: Record<string, string> = {}) =>
    startPublisher(db, home, name, {
      ...{ EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: sealed.brokers, KAFKA_SSL: 'true' },
      ...{ KAFKA_SSL_CA_FILE: sealed.caFile, KAFKA_SASL_MECHANISM: 'scram-sha-512' },
      ...{ KAFKA_SASL_USERNAME: SASL_USER.username, KAFKA_SASL_PASSWORD: SASL_USER.password },
      // Above what TLS and the sign-in take on a busy machine.
      ...{ OUTBOX_LEASE_MS: '10000', KAFKA_REQUEST_TIMEOUT_MS: '10000' },
      ...env,
    });

  it.each(['plain', 'scram-sha-512'])(
    'publishes over TLS with the authority of KAFKA_SSL_CA_FILE, signed in with %s',
    async (mechanism) => {
      const type = `sealed-${randomUUID().slice(0, 8)}`;
      const { brokers } = await sharedBroker();
      await makeTopics(brokers, [{ topic: type, partitions: 2 }]);
      await append(type, 20);
      const publisher = start(mechanism, { KAFKA_SASL_MECHANISM: mechanism });
      await expect
        .poll(states, { timeout: 90_000 })
        .toEqual([{ status: 'published', attempts: expect.any(Number), n: 20 }]);
      publisher.signal('SIGTERM');
      expect(await publisher.exited).toBe(0);
      const keys = new Set((await readTopic(brokers, type)).map(({ key }) => key));
      expect(keys.size).toBe(20);
      expect(publisher.output()).not.toContain(SASL_USER.password);
    },
  );

  const WRONG_PASSWORD = 'a-canary-that-is-no-password';
  it.each([
    [
      'a wrong password',
      /the broker refused the sign-in: .*KAFKA_SASL_PASSWORD/,
      { KAFKA_SASL_PASSWORD: WRONG_PASSWORD },
    ],
    [
      'an authority that has not signed the certificate',
      /certificate is not accepted \([A-Z_]+\).*KAFKA_SSL_CA_FILE/,
      { KAFKA_SSL_CA_FILE: 'strangers' },
    ],
    [
      "the system's authorities only",
      /certificate is not accepted \([A-Z_]+\).*KAFKA_SSL_CA_FILE/,
      { KAFKA_SSL_CA_FILE: '' },
    ],
    [
      'a name that the certificate does not bear',
      /certificate is not accepted \(ERR_TLS_CERT_ALTNAME_INVALID\).*KAFKA_BROKERS/,
      { KAFKA_BROKERS: 'localhost' },
    ],
  ])('with %s says what is wrong, counts no attempt and ends with 3 after 30 failures', async (what, words, env) => {
    await append('kept.v1', 4);
    const name = what.replaceAll(/\W+/g, '-');
    const publisher = start(name, {
      ...env,
      // What stands for something known only when the test runs.
      ...('KAFKA_SSL_CA_FILE' in env && env.KAFKA_SSL_CA_FILE ? { KAFKA_SSL_CA_FILE: strangersFile } : {}),
      ...('KAFKA_BROKERS' in env ? { KAFKA_BROKERS: `localhost:${sealed.brokers.split(':')[1]}` } : {}),
    });
    const kafka = async () => (await health(db.worker, { kind: 'anybody' })).components.kafka?.status;
    await expect.poll(kafka, { timeout: 90_000 }).toMatch(/^(degraded|down)$/);
    expect(await publisher.exited).toBe(3);
    const failed = publisher.lines().filter(({ msg }) => msg === 'outbox-publisher tick failed');
    // Thirty of one lane in a row: the others fail beside it, and may not be so far.
    const perLane = Map.groupBy(failed, ({ lane }) => lane);
    expect(Math.max(...[...perLane.values()].map(({ length }) => length))).toBe(30);
    expect(failed.every(({ isTransient }) => isTransient === false)).toBe(true);
    expect(publisher.output()).toMatch(words);
    expect(publisher.output()).not.toContain(WRONG_PASSWORD);
    expect(await states()).toEqual([{ status: 'pending', attempts: 0, n: 4 }]);
  });

  const NO_CERTIFICATE = 'no certificate';
  const misleading: [string, Record<string, string>][] = [
    ['a file that is not there', { KAFKA_SSL_CA_FILE: '/there/is/no/such/authority.pem' }],
    ['a file without a certificate', { KAFKA_SSL_CA_FILE: NO_CERTIFICATE }],
    ['an authority without TLS', { KAFKA_SSL: 'false' }],
  ];
  it.each(misleading)('exits with 2 and names the variable with %s', async (_what, env) => {
    const path = join(home, 'no-certificate.pem');
    await writeFile(path, 'a-canary');
    const publisher = start('misled', {
      ...env,
      ...(env.KAFKA_SSL_CA_FILE === NO_CERTIFICATE ? { KAFKA_SSL_CA_FILE: path } : {}),
    });
    expect(await publisher.exited).toBe(2);
    expect(publisher.output()).toMatch(/ {2}KAFKA_SSL(_CA_FILE)?: must be/);
    expect(publisher.output()).not.toContain('canary');
  });
});
