import { randomBytes } from 'node:crypto';
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, expectUsable, test } from './fixtures.ts';
import { answerEvents } from './receiver.ts';

// The receiver is started together with the product; an installation that runs already has its own.
test.skip(() => !process.env.E2E_RECEIVER, 'needs the receiver that this run starts its own installation with');

/** Customers of one test, which no other has. */
const makeUp = (what: string) => `${what}-${randomBytes(4).toString('hex')}`;

async function record(api: APIRequestContext, customerIds: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const customerId of customerIds) {
    const answer = await api.post('respond', {
      data: { customerId, offerId: 'spring', channel: 'web', interactionType: 'impression', context: { slot: 3 } },
    });
    expect(answer.status(), await answer.text()).toBe(201);
    ids.push(((await answer.json()) as { eventId: string }).eventId);
  }
  return ids;
}

/** Until the API says that all of these events have the status. */
async function allAre(api: APIRequestContext, ids: string[], status: string): Promise<void> {
  for (const id of ids)
    await expect
      .poll(async () => ((await (await api.get(`outbox/events/${id}`)).json()) as { status: string }).status, {
        timeout: 60_000,
      })
      .toBe(status);
}

/** Events of the page's list, as a table or, on a phone, as cards. */
const entries = (page: Page, isMobile: boolean, text: string) =>
  page
    .getByRole('main')
    .getByRole(isMobile ? 'listitem' : 'row')
    .filter({ hasText: text });

test('shows a backlog that grows while the receiver is closed, and drains when it opens', async ({
  operator: page,
  api,
  isMobile,
}) => {
  test.slow();
  const customer = makeUp('closed');
  await answerEvents({ text: customer, status: 503 });
  const first = await record(api, [`${customer}-1`, `${customer}-2`, `${customer}-3`]);
  await page.goto(`/ops/outbox?search=${customer}`);
  await expect(page).toHaveTitle('Outbox · Mainspring');
  // Each is tried again all the while, and is then in flight for a moment.
  const waiting = entries(page, isMobile, customer).filter({ hasText: /Waiting|In flight/ });
  await expect(waiting).toHaveCount(3, { timeout: 30_000 });
  const tile = page.getByRole('link', { name: /^Waiting: / });
  const shown = async () => {
    const [, digits] = /^Waiting: ([\d,]*\d)/.exec((await tile.getAttribute('aria-label')) ?? '') ?? [];
    return Number(digits?.replaceAll(',', ''));
  };
  await expect.poll(shown, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  const more = await record(api, [`${customer}-4`, `${customer}-5`]);
  // Nobody presses anything: the page is live.
  await expect(waiting).toHaveCount(5, { timeout: 90_000 });
  await expect(waiting.first()).toContainText('closed for now', { timeout: 30_000 });
  await answerEvents({ text: customer, status: 200 });
  await expect(entries(page, isMobile, customer).filter({ hasText: 'Published' })).toHaveCount(5, { timeout: 90_000 });
  await allAre(api, [...first, ...more], 'published');
});

test('requeues a failed event and discards another from the page', async ({ operator: page, api, isMobile }) => {
  test.slow();
  const customer = makeUp('refused');
  await answerEvents({ text: customer, status: 422 });
  const [kept, given] = await record(api, [`${customer}-a`, `${customer}-b`]);
  await allAre(api, [kept!, given!], 'failed');
  await page.goto(`/ops/outbox?search=${customer}&status=failed`);
  await entries(page, isMobile, `${customer}-a`).getByRole('link').click();
  await expect(page.getByRole('heading', { name: 'Last error' })).toBeVisible();
  await expect(page.getByText('unknown offer')).toBeVisible();
  await expect(page.getByText('"impression"')).toBeVisible();
  await answerEvents({ text: `${customer}-a`, status: 200 });
  await answerEvents({ text: customer, status: 200 });
  await page.getByRole('button', { name: 'Requeue' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Requeue 1' }).click();
  await expect(page.getByText('1 event requeued', { exact: true })).toBeVisible();
  await allAre(api, [kept!], 'published');
  await expect(page.getByText('Published', { exact: true }).first()).toBeVisible({ timeout: 90_000 });

  // The other by the filter, with the number that it will be first.
  await page.goto(`/ops/outbox?search=${customer}&status=failed`);
  await expect(entries(page, isMobile, `${customer}-b`)).toHaveCount(1);
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByRole('dialog', { name: 'Discard 1 failed event?' })).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard 1' }).click();
  await expect(page.getByText('1 event discarded', { exact: true })).toBeVisible();
  await allAre(api, [given!], 'discarded');
  await expect(page.getByText('No event matches this filter')).toBeVisible({ timeout: 90_000 });
});

test.describe('where the network goes', () => {
  // The browser's own lines for it.
  test.use({ expectedErrors: [/ERR_INTERNET_DISCONNECTED/] });

  test('a deed whose answer never came keeps the page, its selection and the dialog', async ({
    operator: page,
    api,
    context,
    isMobile,
  }) => {
    test.skip(isMobile, 'events are ticked in the table, which a phone has no room for');
    const customer = makeUp('offline');
    await answerEvents({ text: customer, status: 422 });
    const [id] = await record(api, [customer]);
    await allAre(api, [id!], 'failed');
    await page.goto(`/ops/outbox?search=${customer}&status=failed`);
    await tick(page, customer, '1 selected');
    await page.getByRole('button', { name: 'Discard' }).click();
    const dialog = page.getByRole('dialog', { name: 'Discard 1 failed event?' });
    await context.setOffline(true);
    await dialog.getByRole('button', { name: 'Discard 1' }).click();
    await expect(page.getByText('The server does not answer', { exact: true })).toBeVisible();
    await expect(page.getByText('1 selected')).toBeVisible();
    await context.setOffline(false);
    await expect(page.getByText('No answer came', { exact: true })).toBeVisible();
    await dialog.getByRole('button', { name: 'Discard 1' }).click();
    await expect(page.getByText('1 event discarded', { exact: true })).toBeVisible();
    await allAre(api, [id!], 'discarded');
    await answerEvents({ text: customer, status: 200 });
  });
});

/** Ticks an event's box; one that is ticked before scripts load tells nobody. */
async function tick(page: Page, key: string, told: string): Promise<void> {
  const box = page.getByRole('checkbox', { name: `Select the event of ${key}` });
  await expect(async () => {
    await box.setChecked(true);
    await expect(page.getByText(told)).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
}

test('discards the events that are ticked, and no other', async ({ operator: page, api, isMobile }) => {
  test.skip(isMobile, 'events are ticked in the table, which a phone has no room for');
  test.slow();
  const customer = makeUp('ticked');
  await answerEvents({ text: customer, status: 422 });
  const [one, two, other] = await record(api, [`${customer}-a`, `${customer}-b`, `${customer}-c`]);
  await allAre(api, [one!, two!, other!], 'failed');
  await page.goto(`/ops/outbox?search=${customer}&status=failed`);
  await tick(page, `${customer}-a`, '1 selected');
  await tick(page, `${customer}-b`, '2 selected');
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(page.getByRole('dialog', { name: 'Discard 2 failed events?' })).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Discard 2' }).click();
  await expect(page.getByText('2 events discarded', { exact: true })).toBeVisible();
  await allAre(api, [one!, two!], 'discarded');
  await allAre(api, [other!], 'failed');
  await expect(entries(page, isMobile, customer)).toHaveCount(1, { timeout: 90_000 });
  await answerEvents({ text: customer, status: 200 });
  expect((await api.post('outbox/discard', { data: { ids: [other] } })).ok()).toBe(true);
});

test('gives up an event that is tried again and again, and its key goes on', async ({ operator: page, api }) => {
  test.slow();
  const customer = makeUp('stuck');
  await answerEvents({ text: customer, status: 503 });
  const [held, behind] = await record(api, [customer, customer]);
  await expect
    .poll(
      async () => ((await (await api.get(`outbox/events/${held}`)).json()) as { lastError: string | null }).lastError,
      { timeout: 60_000 },
    )
    .toContain('closed for now');
  await page.goto(`/ops/outbox/${held}`);
  // In flight for a moment at each try, it cannot be discarded then; nobody minds to press again.
  await expect(async () => {
    await page.getByRole('button', { name: 'Discard' }).click();
    await page
      .getByRole('dialog', { name: 'Discard 1 waiting event?' })
      .getByRole('button', { name: 'Discard 1' })
      .click();
    await expect(page.getByText('1 event discarded', { exact: true })).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
  await allAre(api, [held!], 'discarded');
  await answerEvents({ text: customer, status: 200 });
  await allAre(api, [behind!], 'published');
});

test('is usable, in the list and in one event', async ({ operator: page, api }) => {
  const [id] = await record(api, [makeUp('usable')]);
  await allAre(api, [id!], 'published');
  await page.goto('/ops/outbox?window=15');
  // The drawings come after the page.
  await expect(page.getByRole('figure', { name: 'Backlog' })).toBeVisible();
  await expect(page.getByText('Publishing').first()).toBeVisible();
  await expectUsable(page);
  await page.goto(`/ops/outbox/${id}`);
  await expect(page.getByRole('heading', { name: 'interaction.recorded.v1', level: 1 })).toBeVisible();
  await expectUsable(page);
});
