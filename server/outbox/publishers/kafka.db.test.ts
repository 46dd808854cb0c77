import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  hasKafka,
  type KafkaAddresses,
  makeTopics,
  type ReadRecord,
  readTopic,
  SASL_USER,
  sharedKafka,
} from '#workers/testing/kafka/index.ts';
import { hasToxiproxy, startToxiproxy, type Toxiproxy } from '#workers/testing/toxiproxy.ts';
import { type EventPublisher, isTransient, type OutboxEvent, type PublishOutcome } from '../publisher.ts';
import { createKafkaPublisher, type KafkaPublisherOptions } from './kafka.ts';

const TENANT = randomUUID();
const opened: EventPublisher[] = [];
let seq = 0;

const event = (over: Partial<OutboxEvent> = {}): OutboxEvent => {
  seq += 1;
  return {
    ...{ seq, id: randomUUID(), tenantId: TENANT, type: 'thing.happened.v1', key: `k${seq % 7}`, attempts: 0 },
    ...{ payload: `{"n": ${seq}}`, headers: {}, createdAtMs: Date.parse('2026-11-21T12:00:00.000Z') },
    ...over,
  };
};
const kindsOf = (outcomes: readonly PublishOutcome[]) => outcomes.map(({ kind }) => kind);
const topicName = (what: string) => `${what}-${randomUUID().slice(0, 8)}`;
const idsOf = (records: ReadRecord[]) => records.map(({ headers }) => headers['mainspring-event-id']);
const send = (publisher: EventPublisher, events: OutboxEvent[], deadlineMs = 60_000, lane = 0) =>
  publisher.publish(events, { lane, deadlineMs, signal: AbortSignal.timeout(deadlineMs) });

/** As the loop does: again and again with the same events. */
const sendUntilTaken = (publisher: EventPublisher, events: OutboxEvent[]) =>
  expect.poll(() => send(publisher, events).catch(() => []), { timeout: 60_000 }).toHaveLength(events.length);

describe.skipIf(!hasKafka())('the Kafka publisher', { timeout: 180_000 }, () => {
  let kafka: KafkaAddresses & { proxy: { port: number; upstream: string } };
  beforeAll(async () => {
    kafka = await sharedKafka('publisher');
  }, 240_000);
  afterAll(() => Promise.all(opened.map((publisher) => publisher.close())));

  const open = (over: Partial<KafkaPublisherOptions> = {}) => {
    const publisher = createKafkaPublisher({
      ...{ brokers: [kafka.brokers], clientId: 'test', ssl: null, sasl: null, requestTimeoutMs: 20_000 },
      topic: '{type}',
      ...over,
    });
    opened.push(publisher);
    return publisher;
  };

  it('sends each event once with its key, payload and headers, to the topic of its type, each key in order', async () => {
    const type = topicName('thing');
    await makeTopics(kafka.brokers, [{ topic: type, partitions: 6 }]);
    const events = Array.from({ length: 400 }, () => event({ type }));
    events[3] = event({ type, key: 'k3', headers: { 'mainspring-requeued': '2', 'mainspring-event-id': 'forged' } });
    const outcomes = await send(open(), events);
    expect(new Set(kindsOf(outcomes))).toEqual(new Set(['published']));
    const records = await readTopic(kafka.brokers, type);
    expect(idsOf(records).sort()).toEqual(events.map(({ id }) => id).sort());
    for (const key of new Set(events.map((each) => each.key))) {
      const own = records.filter((record) => record.key === key);
      expect(idsOf(own)).toEqual(events.filter((each) => each.key === key).map(({ id }) => id));
    }
    const marked = records.find(({ headers }) => headers['mainspring-requeued'] === '2');
    expect(marked).toMatchObject({
      key: 'k3',
      value: events[3].payload,
      headers: {
        ...{ 'mainspring-event-id': events[3].id, 'mainspring-event-type': type },
        ...{ 'mainspring-tenant-id': TENANT, 'mainspring-created-at': '2026-11-21T12:00:00.000Z' },
      },
    });
  });

  it('takes the topic from the template, and makes it when it is new', async () => {
    const name = topicName('all');
    const one = event();
    await send(open({ topic: `${name}.{tenant}` }), [one]);
    expect(idsOf(await readTopic(kafka.brokers, `${name}.${TENANT}`))).toEqual([one.id]);
  });

  it('sets events aside that their topic is too small for, and sends all others once', async () => {
    const topic = topicName('small');
    await makeTopics(kafka.brokers, [{ topic, partitions: 3, config: { 'max.message.bytes': '20000' } }]);
    const events = Array.from({ length: 300 }, (_, n) =>
      event({ key: `k${n % 31}`, payload: JSON.stringify({ n, text: 'x'.repeat(n % 100 === 50 ? 30_000 : 200) }) }),
    );
    const publisher = open({ topic });
    const outcomes = await send(publisher, events);
    const poison = events.filter((_, n) => n % 100 === 50);
    const refused = outcomes.flatMap((outcome) => (outcome.kind === 'refused' ? [outcome] : []));
    expect(refused).toHaveLength(poison.length);
    expect(refused.every(({ isFinal }) => isFinal)).toBe(true);
    expect(refused[0]!.error.message).toMatch(/small.*MESSAGE_TOO_LARGE/);
    expect(kindsOf(outcomes).filter((kind) => kind === 'published')).toHaveLength(297);
    const good = new Set(events.filter((each) => !poison.includes(each)).map(({ id }) => id));
    const records = await readTopic(kafka.brokers, topic);
    expect(new Set(idsOf(records))).toEqual(good);
    // What it learned of the topic makes the next claim cheap: nothing is sent twice.
    const more = Array.from({ length: 100 }, () => event({ payload: JSON.stringify({ text: 'y'.repeat(500) }) }));
    expect(new Set(kindsOf(await send(publisher, more)))).toEqual(new Set(['published']));
    const own = (await readTopic(kafka.brokers, topic)).filter(({ value }) => value.includes('yyy'));
    expect(own).toHaveLength(100);
  });

  it('refuses at once what has no legal topic, and lets the rest of its key go on', async () => {
    const type = topicName('fine');
    const events = [event({ type, key: 'a' }), event({ type: 'not a topic!', key: 'a' }), event({ type, key: 'a' })];
    const outcomes = await send(open(), events);
    expect(kindsOf(outcomes)).toEqual(['published', 'refused', 'published']);
    expect(outcomes[1]).toMatchObject({ isFinal: true, error: { message: expect.stringContaining('not a topic!') } });
  });

  it('sends more than a request may carry in requests that the broker takes', async () => {
    const topic = topicName('large');
    await makeTopics(kafka.brokers, [{ topic, partitions: 2 }]);
    const events = Array.from({ length: 10 }, () => event({ payload: JSON.stringify({ t: 'z'.repeat(780_000) }) }));
    const outcomes = await send(open({ topic }), events);
    expect(new Set(kindsOf(outcomes))).toEqual(new Set(['published']));
    expect(idsOf(await readTopic(kafka.brokers, topic)).sort()).toEqual(events.map(({ id }) => id).sort());
  });

  it('signs in with SASL, and says that a refused sign-in does not pass by waiting', async () => {
    const topic = topicName('signed');
    const sasl = { mechanism: 'plain' as const, ...SASL_USER };
    const brokers = [kafka.saslBrokers];
    expect(kindsOf(await send(open({ brokers, sasl, topic }), [event()]))).toEqual(['published']);
    const wrong = open({ brokers, sasl: { ...sasl, password: 'another' }, topic });
    const refusal: unknown = await send(wrong, [event()]).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(Error);
    expect(isTransient(refusal)).toBe(false);
  });

  it('calls an absent broker an outage', async () => {
    const outage: unknown = await send(open({ brokers: ['127.0.0.1:9'] }), [event()]).then(
      () => null,
      (error: unknown) => error,
    );
    expect(isTransient(outage)).toBe(true);
  });

  describe.skipIf(!hasToxiproxy())('over a faulty network', () => {
    let toxiproxy: Toxiproxy;
    beforeAll(async () => {
      toxiproxy = await startToxiproxy();
    });
    afterAll(() => toxiproxy.stop());

    it('loses nothing when answers are lost: what is not known to be written is sent again', async () => {
      const topic = topicName('lost-acks');
      await makeTopics(kafka.brokers, [{ topic, partitions: 3 }]);
      const way = await toxiproxy.between(kafka.proxy.port, kafka.proxy.upstream);
      const publisher = open({ brokers: [`127.0.0.1:${way.port}`], topic, requestTimeoutMs: 3_000 });
      const all: OutboxEvent[] = [];
      for (let round = 0; round < 5; round += 1) {
        const events = Array.from({ length: 40 }, () => event());
        all.push(...events);
        await sendUntilTaken(publisher, [event({ key: 'warm-up' })]);
        await way.swallowAnswers(100);
        const failure: unknown = await send(publisher, events).then(
          () => null,
          (error: unknown) => error,
        );
        expect(isTransient(failure)).toBe(true);
        await way.heal();
        await sendUntilTaken(publisher, events);
      }
      const records = (await readTopic(kafka.brokers, topic)).filter(({ key }) => key !== 'warm-up');
      expect(new Set(idsOf(records))).toEqual(new Set(all.map(({ id }) => id)));
      // The lost answers were of requests that the broker had carried out.
      expect(records.length).toBeGreaterThan(all.length);
      for (const key of new Set(all.map((each) => each.key))) {
        const firsts = [...new Set(idsOf(records.filter((record) => record.key === key)))];
        expect(firsts).toEqual(all.filter((each) => each.key === key).map(({ id }) => id));
      }
      // The way is this file's: what else is tried on it comes after.
      await way.blackHole();
      const started = performance.now();
      const silence: unknown = await publisher
        .publish([event()], { lane: 0, deadlineMs: 1_000, signal: AbortSignal.timeout(1_000) })
        .then(
          () => null,
          (error: unknown) => error,
        );
      expect(isTransient(silence)).toBe(true);
      expect(performance.now() - started).toBeLessThan(10_000);
      await way.heal();
      await sendUntilTaken(publisher, [event()]);
    }, 300_000);
  });
});
