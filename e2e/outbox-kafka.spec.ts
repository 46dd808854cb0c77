// The page of the outbox while a real broker is stopped and started: an installation has one publisher, so this file
// starts one of its own that publishes to Kafka.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type APIRequestContext, type Browser, type Page, request } from '@playwright/test';
import { hasKafka, type KafkaBroker, startKafka } from '#workers/testing/kafka/broker.ts';
import { configureTopic, makeTopics, readTopic } from '#workers/testing/kafka/read-topic.ts';
import { expect, signIn, test } from './fixtures.ts';
import { type Installation, readInstallation } from './installation.ts';
import { type Product, startProduct } from './product.ts';

const TYPE = 'interaction.recorded.v1';
/** A JVM twice and a whole product on a machine that is busy with others. */
const TIMEOUT_MS = 360_000;

// Not a quiet skip: hasKafka() goes through requireComponent, which says aloud that Kafka is missing and, with REQUIRE_ALL=1
// as in continuous integration, fails this file instead.
test.skip(!hasKafka(), 'needs Kafka: bin/tools kafka');
test.describe.configure({ mode: 'serial', timeout: TIMEOUT_MS });

let dir: string | undefined;
let kafka: KafkaBroker | undefined;
let product: Product | undefined;
let installation: Installation;
let api: APIRequestContext;

test.beforeAll(async () => {
  // Here, so that nothing of this is started for a test that is left out.
  test.skip(test.info().project.use.isMobile === true, 'the broker is the same for every screen, and dear');
  test.setTimeout(TIMEOUT_MS);
  dir = mkdtempSync(join(tmpdir(), 'mainspring-e2e-kafka-'));
  kafka = await startKafka({ dir });
  await makeTopics(kafka.brokers, [{ topic: TYPE, partitions: 3 }]);
  const settings = { EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: kafka.brokers, OUTBOX_POLL_INTERVAL_MS: '500' };
  product = await startProduct(settings, 'logs-kafka');
  installation = readInstallation(product.home);
  api = await request.newContext({
    baseURL: `${installation.baseUrl}/api/v1/`,
    extraHTTPHeaders: { Authorization: `Bearer ${installation.apiKey}` },
  });
});
test.afterAll(async () => {
  test.setTimeout(TIMEOUT_MS);
  await api?.dispose();
  await product?.stop();
  await kafka?.discard();
  if (dir) rmSync(dir, { recursive: true, force: true });
});

async function record(customerId: string, note = ''): Promise<string> {
  const answer = await api.post('respond', {
    data: { customerId, offerId: 'spring', channel: 'web', interactionType: 'impression', context: { note } },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { eventId: string }).eventId;
}
const statusOf = async (id: string) =>
  ((await (await api.get(`outbox/events/${id}`)).json()) as { status: string }).status;
const allAre = (ids: string[], status: string) =>
  expect.poll(async () => [...new Set(await Promise.all(ids.map(statusOf)))], { timeout: 120_000 }).toEqual([status]);
const kafkaIs = async () =>
  ((await (await api.get(`${installation.baseUrl}/health`)).json()) as { components: { kafka?: { status: string } } })
    .components.kafka?.status;
/** Ids in the topic, by customer; a copy would show. */
const arrived = async (customer: string) =>
  (await readTopic(kafka!.brokers, TYPE))
    .filter(({ value }) => value.includes(customer))
    .map(({ headers }) => headers['mainspring-event-id']);

/** A page of this file's installation, signed in. */
async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ baseURL: installation.baseUrl, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  await signIn(page, installation);
  return page;
}

test('shows the backlog grow while the broker is stopped, and drain when it is started again', async ({ browser }) => {
  const before = await record('before-1');
  await allAre([before], 'published');
  const page = await openPage(browser);
  await kafka!.stop();
  const first = [await record('stopped-1'), await record('stopped-2'), await record('stopped-3')];
  await page.goto('/ops/outbox?search=stopped-');
  const rows = (status: string | RegExp) =>
    page.getByRole('main').getByRole('row').filter({ hasText: 'stopped-' }).filter({ hasText: status });
  // What waits is tried again and again, and is in flight for as long.
  const UNSENT = /Waiting|In flight/;
  await expect(rows(UNSENT)).toHaveCount(3, { timeout: 60_000 });
  const numberOf = async (name: string) => {
    const label = await page.getByRole('link', { name: new RegExp(`^${name}: `) }).getAttribute('aria-label');
    return Number(/: ([\d,]+)/.exec(label ?? '')?.[1]?.replaceAll(',', ''));
  };
  const shown = async () => (await numberOf('Waiting')) + (await numberOf('In flight'));
  await expect.poll(shown, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
  // Nobody presses anything: the page is live, and the tile follows.
  const more = [await record('stopped-4'), await record('stopped-5')];
  await expect(rows(UNSENT)).toHaveCount(5, { timeout: 90_000 });
  await expect.poll(shown, { timeout: 60_000 }).toBeGreaterThanOrEqual(5);
  await expect.poll(kafkaIs, { timeout: 60_000 }).toMatch(/^(degraded|down)$/);
  await kafka!.start();
  await expect(rows('Published')).toHaveCount(5, { timeout: 120_000 });
  await allAre([...first, ...more], 'published');
  expect(new Set(await arrived('stopped-'))).toEqual(new Set([...first, ...more]));
  await expect.poll(kafkaIs, { timeout: 60_000 }).toBe('ok');
  await page.context().close();
});

test('requeues from the page an event that the broker refused', async ({ browser }) => {
  await configureTopic(kafka!.brokers, TYPE, { 'max.message.bytes': '4000' });
  const id = await record('large-1', 'x'.repeat(8_000));
  await allAre([id], 'failed');
  const page = await openPage(browser);
  await page.goto(`/ops/outbox/${id}`);
  await expect(page.getByText('MESSAGE_TOO_LARGE')).toBeVisible();
  await configureTopic(kafka!.brokers, TYPE, { 'max.message.bytes': '1048588' });
  await page.getByRole('button', { name: 'Requeue' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Requeue 1' }).click();
  await expect(page.getByText('1 event requeued', { exact: true })).toBeVisible();
  await allAre([id], 'published');
  await expect(page.getByText('Published', { exact: true }).first()).toBeVisible({ timeout: 90_000 });
  expect(await arrived('large-1')).toEqual([id]);
  await page.context().close();
});
