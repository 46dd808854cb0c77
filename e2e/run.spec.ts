import { expect, isDirty, pipelineOf, succeededRun, test } from './fixtures.ts';

test('lists runs and filters them by status', async ({ operator: page, installation, api }) => {
  await succeededRun(api, pipelineOf(installation, 'flight-delays').id);
  await page.goto('/data/runs');
  await page.getByRole('link', { name: 'Succeeded', exact: true }).click();
  await expect(page).toHaveURL(/status=succeeded/);
  await expect(page.getByRole('main').getByText('Succeeded').filter({ visible: true }).nth(1)).toBeVisible();
  await page.goto('/data/runs?status=skipped');
  await expect(page.getByText('No run has this status')).toBeVisible();
});

test('shows rows and time of each step, and the SQL of the one that is opened', async ({
  operator: page,
  installation,
  api,
}) => {
  const run = await succeededRun(api, pipelineOf(installation, 'flight-delays').id);
  const detail = (await (await api.get(`runs/${run.id}`)).json()) as { nodes: { name: string; rowsOut: number }[] };
  await page.goto(`/data/runs/${run.id}`);
  await expect(page).toHaveTitle('Run of flight-delays · Mainspring');
  const steps = page.getByRole('region', { name: 'Steps', exact: true });
  for (const { name, rowsOut } of detail.nodes) {
    const row = steps.getByRole('row').filter({ hasText: name });
    await expect(row).toContainText('Succeeded');
    await expect(row).toContainText(rowsOut.toLocaleString('en-US'));
  }
  await steps.getByRole('button', { name: /Delays by state/ }).click();
  await expect(page.getByRole('region', { name: /^SQL of/ })).toContainText('INSERT INTO');
  await expect(
    page.getByRole('region', { name: 'Steps of this run' }).getByRole('button', { pressed: true }),
  ).toContainText('Delays by state');
});

test('shows the dead letters of a run with rule, reason and what was in the row', async ({
  operator: page,
  installation,
  api,
}) => {
  const run = await succeededRun(api, pipelineOf(installation, 'movie-ratings').id, isDirty);
  const dlq = (await (await api.get(`runs/${run.id}/dlq`)).json()) as {
    items: { message: string; payload: Record<string, unknown> }[];
  };
  expect(dlq.items.length, 'the demo data is dirty').toBeGreaterThan(0);
  await page.goto(`/data/runs/${run.id}`);
  const letters = page.getByRole('region', { name: 'Dead letters', exact: true });
  await expect(letters.getByRole('row').filter({ hasText: dlq.items[0]!.message }).first()).toBeVisible();
  await letters
    .getByRole('button', { name: /show what was in it/ })
    .first()
    .click();
  for (const column of Object.keys(dlq.items[0]!.payload)) await expect(letters.getByText(`${column}:`)).toBeVisible();
  await expect(letters.getByRole('button', { name: 'Copy payload' })).toBeVisible();
});

test('cancels a run under way, after naming what that means', async ({ operator: page, api, isMobile }) => {
  test.slow();
  const name = `endless-${isMobile ? 'phone' : 'desktop'}`;
  const airports = (id: string) => [
    { id, kind: 'source', config: { type: 'table', table: 'airports', columns: ['iata'] } },
    {
      id: `${id}_one`,
      kind: 'derive',
      inputs: [id],
      config: { columns: [{ name: 'one', expression: '1' }] },
    },
  ];
  const join = (id: string, left: string, right: string) => ({
    id,
    kind: 'join',
    inputs: [left, right],
    config: { on: [{ left: 'one', right: 'one' }], right: [{ name: 'iata', as: `${right}_iata` }] },
  });
  // Every airport with every airport with every airport: hours of work.
  const document = {
    kind: 'pipeline',
    version: '1.0',
    metadata: { name },
    nodes: [
      ...['a', 'b', 'c'].flatMap(airports),
      join('ab', 'a_one', 'b_one'),
      join('abc', 'ab', 'c_one'),
      { id: 'n', kind: 'aggregate', inputs: ['abc'], config: { aggregates: [{ name: 'n', fn: 'count' }] } },
      {
        id: 'out',
        kind: 'target',
        inputs: ['n'],
        config: { type: 'table', table: name.replace('-', '_'), mode: 'append' },
      },
    ],
  };
  const made = await api.post('pipelines', { data: { document, publish: true } });
  expect([201, 409], await made.text()).toContain(made.status());
  const started = await api.post(`pipelines/${name}/run`);
  const { runId } = (await started.json()) as { runId: string };
  await page.goto(`/data/runs/${runId}`);
  await expect(page.getByText('Running', { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Cancel run' }).click();
  const dialog = page.getByRole('dialog', { name: `Cancel this run of ${name}?` });
  await expect(dialog).toContainText('nothing that it did is kept');
  await dialog.getByRole('button', { name: 'Cancel run' }).click();
  await expect(page.getByText('Cancelled', { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  const run = (await (await api.get(`runs/${runId}`)).json()) as { status: string };
  expect(run.status).toBe('cancelled');
});
