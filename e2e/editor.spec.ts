// From a text to a live pipeline: create, correct, compare, publish; and two people at once.
import type { APIRequestContext, Page } from '@playwright/test';
import { createPipeline, expect, test } from './fixtures.ts';

const nameFor = (what: string, isMobile: boolean) => `${what}-${isMobile ? 'phone' : 'desktop'}`;
const documentText = (name: string, table = 'airports', minutes = 60) =>
  JSON.stringify(
    {
      kind: 'pipeline',
      version: '1.0',
      metadata: { name },
      schedule: { kind: 'interval', minutes },
      nodes: [
        { id: 'rows', kind: 'source', config: { type: 'table', table } },
        { id: 'kept', kind: 'target', inputs: ['rows'], config: { type: 'table', table: 'edited', mode: 'append' } },
      ],
    },
    null,
    2,
  );

/** A name that no try before this one has used: pipelines are not deleted. */
const fresh = (name: string) => `${name}-${Date.now().toString(36)}`;
const editorOf = (page: Page) => page.locator('.cm-content');

async function open(page: Page, path: string) {
  await page.goto(path);
  await expect(editorOf(page)).toBeVisible();
}
/** Puts a whole text in the place of the one that is there, as pasting over everything does. */
async function write(page: Page, text: string) {
  await editorOf(page).focus();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(text);
}
async function versionOf(api: APIRequestContext, id: string) {
  const answer = (await (await api.get(`pipelines/${id}/ir`)).json()) as { version: number; document: unknown };
  return answer;
}

test('creates a pipeline as text, says what is wrong with it, and publishes it', async ({
  operator: page,
  isMobile,
}) => {
  test.slow();
  const name = fresh(nameFor('written', isMobile));
  await open(page, '/data/pipelines/new');
  await write(page, documentText(name, 'no_such_table'));
  const problem = page.getByRole('button', { name: /no_such_table/ });
  await expect(problem).toBeVisible();
  await expect(page.getByText('1 error')).toBeVisible();
  await problem.click();
  await expect(editorOf(page)).toBeFocused();
  await write(page, documentText(name));
  await expect(page.getByText('Ready to publish')).toBeVisible();
  await page.getByRole('tab', { name: 'SQL' }).click();
  await expect(page.getByText(/INSERT INTO "[^"]+"\."edited"/)).toBeVisible();
  await page.getByRole('tab', { name: 'Drawing' }).click();
  await expect(page.getByRole('region', { name: 'Steps of this document' }).getByRole('listitem')).toHaveCount(2);
  await page.getByRole('button', { name: 'Create pipeline' }).click();
  await expect(page.getByRole('heading', { name: `Publish version 1 of ${name}?` })).toBeVisible();
  await expect(page.getByText('new: table edited (append)')).toBeVisible();
  await expect(page.getByText('new: interval 60m')).toBeVisible();
  await page.getByRole('button', { name: 'Publish version 1' }).click();
  await expect(page.getByText('Version 1 is live now.')).toBeVisible();
  await expect(page.getByText('Scheduled', { exact: true })).toBeVisible();
});

test('edits, compares two versions and publishes with the change named', async ({ operator: page, api, isMobile }) => {
  test.slow();
  const { id, name } = await createPipeline(api, fresh(nameFor('changed', isMobile)));
  await open(page, `/data/pipelines/${id}/edit`);
  // What lies below the fold is not drawn.
  await expect(editorOf(page)).toContainText('"browser-test"');
  await write(page, documentText(name, 'airports', 30));
  await page.getByRole('button', { name: 'Save as version 2' }).click();
  await expect(page.getByRole('heading', { name: `Publish version 2 of ${name}?` })).toBeVisible();
  await expect(page.getByText('interval 1440m')).toBeVisible();
  await expect(page.getByText('interval 30m')).toBeVisible();
  await page.getByRole('link', { name: 'Versions', exact: true }).click();
  await page.getByRole('button', { name: 'Compare the two chosen' }).click();
  await expect(page).toHaveURL(/[?&](from=1&to=2|to=2&from=1)$/);
  const diff = page.getByRole('region', { name: 'Differences between version 1 and version 2' });
  await expect(diff.getByText('"minutes": 30')).toBeVisible();
  await page.getByRole('link', { name: 'Review and publish' }).click();
  await page.getByRole('button', { name: 'Publish version 2' }).click();
  await expect(page.getByText('Version 2 is live now.')).toBeVisible();
});

test.describe('somebody else saved first', () => {
  test.use({ expectedErrors: [/status of 409/] });
  test('nothing is lost: the text stays beside theirs, and can be saved on top', async ({
    operator: page,
    api,
    isMobile,
  }) => {
    test.slow();
    const { id, name } = await createPipeline(api, fresh(nameFor('contended', isMobile)));
    await open(page, `/data/pipelines/${id}/edit`);
    const theirs = JSON.parse(documentText(name, 'airports', 45)) as unknown;
    expect((await api.put(`pipelines/${id}/ir`, { data: { baseVersion: 1, document: theirs } })).status()).toBe(200);
    await write(page, documentText(name, 'airports', 15));
    await page.getByRole('button', { name: 'Save as version 2' }).click();
    await expect(page.getByRole('alert')).toContainText('Not saved: version 2 was saved by');
    const diff = page.getByRole('region', { name: 'Differences between their version 2 and your text' });
    await expect(diff.getByText('"minutes": 45')).toBeVisible();
    await expect(diff.getByText('"minutes": 15')).toBeVisible();
    await expect(editorOf(page)).toContainText('"minutes": 15');
    await page.getByRole('button', { name: 'Save mine on top of version 2' }).click();
    await expect(page.getByRole('heading', { name: `Publish version 3 of ${name}?` })).toBeVisible();
    expect((await versionOf(api, id)).version).toBe(3);
  });
});

test('completes from the schema and takes back what was typed', async ({ operator: page, isMobile }) => {
  test.skip(isMobile, 'a phone has no completion keys');
  await open(page, '/data/pipelines/new');
  await write(page, '{\n  \n}');
  await page.keyboard.press('ControlOrMeta+Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  await page.keyboard.type('"meta');
  await expect(page.getByRole('option', { name: /metadata/ })).toBeVisible();
  // The editor takes no key for a list that has just opened (75 ms), lest a person who types on chooses unawares.
  await page.waitForTimeout(500);
  await page.keyboard.press('Enter');
  await expect(editorOf(page)).toContainText('"metadata": {}');
  await page.keyboard.press('ControlOrMeta+z');
  await expect(editorOf(page)).not.toContainText('"metadata": {}');
});

test('asks before changed text is left', async ({ operator: page }) => {
  await open(page, '/data/pipelines/new');
  await write(page, '{}');
  await page.getByRole('link', { name: 'Cancel' }).click();
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await dialog.getByRole('button', { name: 'Stay here' }).click();
  await expect(editorOf(page)).toHaveText('{}');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await dialog.getByRole('button', { name: 'Leave, drop changes' }).click();
  await expect(page).toHaveURL(/\/data\/pipelines$/);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false, expectedErrors: [/status of 400/] });
  test('a pipeline is created, corrected and published by plain forms', async ({ operator: page, isMobile }) => {
    test.slow();
    const name = fresh(nameFor('plain', isMobile));
    await page.goto('/data/pipelines/new');
    const area = page.getByLabel('Pipeline document');
    await area.fill('{ "kind": "pipeline" ');
    await page.getByRole('button', { name: 'Create pipeline' }).click();
    await expect(page.getByRole('alert')).toContainText('The text is not JSON');
    await expect(area).toHaveValue('{ "kind": "pipeline" ');
    await area.fill(documentText(name));
    await page.getByRole('button', { name: 'Create pipeline' }).click();
    await page.getByRole('button', { name: 'Publish version 1' }).click();
    await expect(page.getByText('Version 1 is live now.')).toBeVisible();
  });
});
