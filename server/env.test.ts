import { describe, expect, it } from 'vitest';
import { parseEnvironment } from './env.ts';

describe('the address of the database', () => {
  it.each(['DATABASE_URL', 'DATABASE_DIRECT_URL'])('is told as bad by its name %s, without its value', (name) => {
    for (const url of ['a-canary', 'postgres://owner:a-canary#x@db/app', 'postgres://owner:100%a-canary@db/app']) {
      const parse = () => parseEnvironment({ [name]: url });
      expect(parse).toThrow(`  ${name}: `);
      expect(parse).toThrow('in a user or password write "%" as %25');
      expect(parse).not.toThrow('a-canary');
    }
  });

  it('is taken as it stands', () => {
    const urls = { DATABASE_URL: 'postgresql://o:p%23@one,two:5432/app', DATABASE_DIRECT_URL: 'postgres://db/app' };
    expect(parseEnvironment(urls)).toMatchObject(urls);
  });
});

describe('the environment of the outbox', () => {
  it.each<[names: string, env: Record<string, string>]>([
    ['OUTBOX_BATCH_SIZE', { OUTBOX_BATCH_SIZE: '0' }],
    ['OUTBOX_POLL_INTERVAL_MS', { OUTBOX_POLL_INTERVAL_MS: 'soon' }],
    ['OUTBOX_POLL_INTERVAL_MS', { OUTBOX_POLL_INTERVAL_MS: '10001', OUTBOX_LEASE_MS: '60000' }],
    ['OUTBOX_POLL_INTERVAL_MS', { OUTBOX_POLL_INTERVAL_MS: '5001', OUTBOX_LEASE_MS: '10000' }],
    ['OUTBOX_BACKOFF_MAX_MS', { OUTBOX_BACKOFF_MAX_MS: '60001' }],
    ['OUTBOX_LEASE_MS', { OUTBOX_LEASE_MS: '1' }],
    ['OUTBOX_MAX_ATTEMPTS', { OUTBOX_MAX_ATTEMPTS: '-1' }],
    ['OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS', { OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: 'never' }],
    ['EVENT_PUBLISHER', { EVENT_PUBLISHER: 'pigeon' }],
    ['KAFKA_BROKERS', { EVENT_PUBLISHER: 'kafka' }],
    ['KAFKA_BROKERS', { EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: 'one-without-a-port' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'a-canary:99999' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'one:9092,a-canary:0' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: 'a-canary:kafka' }],
    ['KAFKA_BROKERS', { KAFKA_BROKERS: '[::1]:65536' }],
    ['OUTBOUND_ALLOW_CIDRS', { OUTBOUND_ALLOW_CIDRS: '010.0.0.0/8' }],
    ['KAFKA_SSL_CA_FILE', { KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: '/no/such/a-canary.pem' }],
    ['OUTBOX_TOPIC', { OUTBOX_TOPIC: '{kind}' }],
    ['KAFKA_SASL_MECHANISM', { KAFKA_SASL_MECHANISM: 'gssapi' }],
    ['KAFKA_SASL_PASSWORD', { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'someone' }],
    ['KAFKA_SASL_MECHANISM', { KAFKA_SASL_USERNAME: 'someone', KAFKA_SASL_PASSWORD: 'a-canary' }],
    ['OUTBOX_WEBHOOK_URL', { EVENT_PUBLISHER: 'webhook', OUTBOX_WEBHOOK_URL: 'ftp://there' }],
    ['OUTBOX_WEBHOOK_SECRET', { EVENT_PUBLISHER: 'webhook', OUTBOX_WEBHOOK_URL: 'http://there' }],
    ['OUTBOX_WEBHOOK_SECRET', { OUTBOX_WEBHOOK_SECRET: 'a-canary' }],
  ])('names %s, not its value, with %j', (name, environment) => {
    const parse = () => parseEnvironment(environment);
    expect(parse).toThrow(`  ${name}: `);
    expect(parse).not.toThrow('a-canary');
  });

  it('needs nothing: events go to files then', () => {
    expect(parseEnvironment({})).toMatchObject({
      ...{ EVENT_PUBLISHER: 'file', OUTBOX_POLL_INTERVAL_MS: 2_000, OUTBOX_BATCH_SIZE: 500, OUTBOX_MAX_ATTEMPTS: 10 },
      ...{ OUTBOX_LEASE_MS: 10_000, OUTBOX_SHUTDOWN_DRAIN_TIMEOUT_MS: 15_000, OUTBOX_TOPIC: '{type}' },
      OUTBOX_LIVENESS_FILE: '/tmp/outbox-publisher.alive',
    });
  });

  it('takes a whole Kafka', () => {
    const environment = {
      ...{
        EVENT_PUBLISHER: 'kafka',
        KAFKA_BROKERS: 'one:1, [::1]:65535',
        KAFKA_SSL: 'true',
        OUTBOX_TOPIC: 'ms.{type}',
      },
      ...{ KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' },
    };
    expect(parseEnvironment(environment)).toMatchObject({
      ...{ KAFKA_BROKERS: ['one:1', '[::1]:65535'], KAFKA_SSL: true, KAFKA_SASL_MECHANISM: 'scram-sha-512' },
      KAFKA_CLIENT_ID: 'mainspring',
    });
  });
});
