import { createPipeline, expect, pipelineOf, succeededRun, test } from './fixtures.ts';

test('finds a pipeline by name and shows its steps, schedule and runs', async ({
  operator: page,
  installation,
  api,
}) => {
  await succeededRun(api, pipelineOf(installation, 'flight-delays').id);
  await page.goto('/data/pipelines');
  await page.getByLabel('Search by name').fill('flight');
  await expect(page).toHaveURL(/search=flight/);
  await expect(page.getByRole('link', { name: 'seattle-weather' })).toHaveCount(0);
  await page.getByRole('link', { name: 'flight-delays' }).filter({ visible: true }).click();
  await expect(page).toHaveTitle('flight-delays · Mainspring');
  const steps = page.getByRole('region', { name: 'Steps of flight-delays' });
  await expect(steps.getByRole('listitem')).toHaveCount(6);
  await expect(page.getByText('Next five fires, in America/New_York')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Newest runs' }).getByText('Succeeded').first()).toBeVisible();
  // The address may have the name, too.
  for (const part of ['', '/runs']) {
    await page.goto(`/data/pipelines/flight-delays${part}`);
    await expect(page.getByText('Succeeded').filter({ visible: true }).first()).toBeVisible();
  }
});

test('shows the SQL of each step, the ledger and the document', async ({ operator: page, installation }) => {
  const { id } = pipelineOf(installation, 'flight-delays');
  await page.goto(`/data/pipelines/${id}`);
  await page.getByRole('link', { name: 'SQL', exact: true }).click();
  await expect(page.getByText(/INSERT INTO "[^"]+"\."flight_delays"/)).toBeVisible();
  await page.getByRole('link', { name: 'Ledger' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Fired' }).first()).toBeVisible({ timeout: 90_000 });
  await page.getByRole('link', { name: 'Document' }).click();
  await expect(page.getByText('"flight-delays"')).toBeVisible();
});

test('runs now, says so, and leads to the run', async ({ operator: page, installation }) => {
  const { id } = pipelineOf(installation, 'airports-by-state');
  await page.goto(`/data/pipelines/${id}`);
  await page.getByRole('button', { name: 'Run now' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run airports-by-state now?' });
  await expect(dialog).toContainText('its next fire does not move');
  await dialog.getByRole('button', { name: 'Run now' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('link', { name: 'Open the run' }).click();
  await expect(page.getByRole('heading', { name: 'Run of airports-by-state' })).toBeVisible();
  await expect(page.getByText('By hand')).toBeVisible();
  await expect(page.getByRole('banner').or(page.getByRole('main')).getByText('Succeeded').first()).toBeVisible({
    timeout: 60_000,
  });
});

test('pauses with a reason that everybody sees, and resumes', async ({ operator: page, api, isMobile }) => {
  // Five pages and two dialogs, in one test because the second half undoes the first.
  test.slow();
  // A pipeline of its own: other tests, which run at the same time, look at the coming fires of the demo's.
  const { id, name } = await createPipeline(api, `to-be-paused-${isMobile ? 'phone' : 'desktop'}`);
  const reason = 'The source is being moved';
  await page.goto(`/data/pipelines/${id}`);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: `Pause the schedule of ${name}?` });
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByLabel('For 4 hours').check();
  await dialog.getByRole('button', { name: 'Pause schedule' }).click();
  await expect(page.getByText('Schedule paused', { exact: true })).toBeVisible();
  await expect(page.getByText(`until`).filter({ hasText: reason })).toBeVisible();

  await page.goto('/data/scheduler?state=paused');
  const entry = page.getByRole(isMobile ? 'listitem' : 'row').filter({ hasText: name });
  await expect(entry.getByText('Paused', { exact: true }).first()).toBeVisible();
  await expect(entry.getByText(reason)).toBeVisible();

  await page.goto(`/data/pipelines/${id}`);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume schedule' }).click();
  await expect(page.getByText('Schedule resumed', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
});

test.describe('what does not exist', () => {
  test.use({ expectedErrors: [/status of 404/] });
  test('is said in words, with the frame still there', async ({ operator: page, isMobile }) => {
    await page.goto('/data/pipelines/there-is-none');
    await expect(page.getByRole('alert')).toContainText('PIPELINE_NOT_FOUND');
    await expect(page.getByRole('button', { name: 'Copy error id' })).toBeVisible();
    await page.goto('/data/runs/not-a-run');
    await expect(page.getByRole('alert')).toContainText('RUN_NOT_FOUND');
    await page.goto('/nowhere');
    await expect(page.getByRole('alert')).toContainText('Page not found');
    if (!isMobile) await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  });
});
