// What every browser test has: a signed-in page, the installation under test, and a console that must stay quiet.
import { AxeBuilder } from '@axe-core/playwright';
import { type APIRequestContext, test as base, type Cookie, expect, type Page } from '@playwright/test';
import { type Installation, readInstallation } from './installation.ts';

interface Fixtures {
  installation: Installation;
  /** Console errors that a test brings about on purpose, such as the browser's own line for a 404. */
  expectedErrors: RegExp[];
  quietConsole: undefined;
  /** The REST API with the demo tenant's key. */
  api: APIRequestContext;
  /** `page`, signed in as the demo's operator. */
  operator: Page;
}

/**
 * Remix logs a refresh that a click on a link cut short as an error (single-fetch decodes the aborted body);
 * nothing is lost by it.
 */
const HARMLESS = [/AbortError: signal is aborted/, /Failed to fetch manifest patches/];

interface WorkerFixtures {
  /** The cookies of one sign-in, shared by the tests of a worker: each by the form would cost seconds. */
  session: Cookie[];
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern
  installation: async ({}, use) => use(readInstallation()),
  expectedErrors: [[], { option: true }],
  quietConsole: [
    async ({ page, expectedErrors }, use) => {
      const errors: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(String(error)));
      await use(undefined);
      const unexpected = errors.filter((text) => ![...HARMLESS, ...expectedErrors].some((known) => known.test(text)));
      expect(unexpected, 'errors in the browser console').toEqual([]);
    },
    { auto: true },
  ],
  api: async ({ playwright, installation }, use) => {
    const context = await playwright.request.newContext({
      baseURL: `${installation.baseUrl}/api/v1/`,
      extraHTTPHeaders: { Authorization: `Bearer ${installation.apiKey}` },
    });
    await use(context);
    await context.dispose();
  },
  session: [
    async ({ browser }, use) => {
      const installation = readInstallation();
      const context = await browser.newContext({ baseURL: installation.baseUrl });
      await signIn(await context.newPage(), installation);
      await use(await context.cookies());
      await context.close();
    },
    { scope: 'worker' },
  ],
  operator: async ({ page, context, session }, use) => {
    await context.addCookies(session);
    await use(page);
  },
});

export { expect };

/** Signs in by the form, as a person does. */
export async function signIn(page: Page, { login }: Installation): Promise<void> {
  await page.goto('/login');
  await page.getByLabel('E-mail').fill(login.email);
  await page.getByLabel('Password').fill(login.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Scheduler', level: 1 })).toBeVisible();
}

/** No barrier that axe calls serious or critical, and nothing wider than the screen. */
export async function expectUsable(page: Page): Promise<void> {
  // Legacy mode needs no second page; there are no frames here for it to miss.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode(true)
    .options({ resultTypes: ['violations'] })
    .analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(grave.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  const overflowPx = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflowPx, 'pixels that the page is wider than the screen').toBeLessThanOrEqual(0);
}

/** The cells of a table's rows that hold a text. */
export const cellsOf = (page: Page, table: string, row: string) =>
  page.getByRole('region', { name: table }).getByRole('row').filter({ hasText: row }).getByRole('cell');

/** The demo pipeline of a name. */
export function pipelineOf(installation: Installation, name: string): { id: string; name: string } {
  const found = installation.pipelines.find((pipeline) => pipeline.name === name);
  if (!found) throw new Error(`demo.json has no pipeline "${name}"`);
  return found;
}

/** Creates and publishes a pipeline that is due once a day; a try before this one may have left it there. */
export async function createPipeline(api: APIRequestContext, name: string): Promise<{ id: string; name: string }> {
  const document = {
    kind: 'pipeline',
    version: '1.0',
    metadata: { name, labels: { env: 'browser-test' } },
    schedule: { kind: 'interval', minutes: 1440 },
    nodes: [
      { id: 'rows', kind: 'source', config: { type: 'table', table: 'airports' } },
      {
        id: 'kept',
        kind: 'target',
        inputs: ['rows'],
        config: { type: 'table', table: 'airports_kept', mode: 'append' },
      },
    ],
  };
  const answer = await api.post('pipelines', { data: { document, publish: true } });
  if (answer.status() === 409) {
    const { id } = (await (await api.get(`pipelines/${name}`)).json()) as { id: string };
    await api.post(`pipelines/${id}/resume`);
    return { id, name };
  }
  expect(answer.status(), await answer.text()).toBe(201);
  return { id: ((await answer.json()) as { id: string }).id, name };
}

interface FoundRun {
  id: string;
  rowsRejected: number | null;
}

/** The newest run of a pipeline that has ended well (and is as `wanted`), waiting for the first one. */
export async function succeededRun(
  api: APIRequestContext,
  pipelineId: string,
  wanted: (run: FoundRun) => boolean = () => true,
): Promise<FoundRun> {
  let newest: FoundRun | undefined;
  await expect
    .poll(
      async () => {
        const answer = await api.get(`runs?pipelineId=${pipelineId}&status=succeeded&limit=100`);
        newest = ((await answer.json()) as { items: FoundRun[] }).items.find(wanted);
        return newest;
      },
      { timeout: 120_000, message: 'a succeeded run' },
    )
    .toBeTruthy();
  return newest!;
}

/** A run that set rows aside. */
export const isDirty = ({ rowsRejected }: FoundRun): boolean => (rowsRejected ?? 0) > 0;
