// What people and data say is text, wherever it is shown: a corpus of markup and script goes in by every field that takes
// free text, and no page that shows it may run any of it, not even try to.
import type { APIRequestContext, Page } from '@playwright/test';
import { expect, succeededRun, test } from './fixtures.ts';
import { asTenant } from './owner.ts';
import { type KeptTenant, makeKeptTenant, signInAsAdmin } from './retention-tenant.ts';

const MARK = 'inert-7';
/** Each would set window.ranScript, open a dialog, or make the browser report a broken policy. */
const CORPUS = [
  `<script>window.ranScript='${MARK}'</script>`,
  `<img src=x onerror="window.ranScript='${MARK}'">`,
  `"><svg onload=alert('${MARK}')>`,
  `'-alert('${MARK}')-'`,
  `</script><script>alert('${MARK}')</script>`,
  `</title><body onload=alert('${MARK}')>`,
  `<iframe srcdoc="<script>parent.ranScript='${MARK}'</script>"></iframe>`,
  `<a href="javascript:alert('${MARK}')">${MARK}</a>`,
  `<details open ontoggle=alert('${MARK}')>`,
  `{{constructor.constructor("alert('${MARK}')")()}}`,
  `<style>@import 'javascript:alert(1)';</style><math><mi xlink:href="data:x,${MARK}">`,
  `\u2028\u2029<!--><img src=x onerror=alert('${MARK}')>`,
];
const ALL = CORPUS.join(' ');

type Made = { pipelineId: string; runId: string; eventId: string };

/** One row to read, in the tenant's own schema and as its own role. */
const makeTable = ({ id }: KeptTenant) =>
  asTenant(id, (tx) => tx.unsafe(`create table places (code text primary key); insert into places values ('SEA')`));

/** A key of the tenant, made by its admin who is signed in; its name is of the corpus too. */
async function makeKey(page: Page, origin: string): Promise<string> {
  const scopes = ['pipelines:read', 'pipelines:write', 'runs:read', 'runs:write', 'schedules:write'];
  const answer = await page.context().request.post(`${origin}/api/v1/keys`, {
    headers: { origin },
    data: { name: `${MARK} ${CORPUS[1]}`, scopes: [...scopes, 'interactions:write', 'audit:read'] },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  return ((await answer.json()) as { key: string }).key;
}

/** A pipeline, a run with a rejected row, a pause and an event, all with the corpus where text is free. */
async function fill(api: APIRequestContext): Promise<Made> {
  // Not the text alone: PostgreSQL would try the cast of a constant while it plans.
  const literal = `code || ' ${ALL.replaceAll("'", "''")}'`;
  const document = {
    ...{ kind: 'pipeline', version: '1.0' },
    metadata: { name: 'markup', description: ALL.slice(0, 1_000), owner: CORPUS[1], annotations: { note: CORPUS[0] } },
    schedule: { kind: 'interval', minutes: 1440 },
    nodes: [
      { id: 'rows', kind: 'source', name: CORPUS[2], config: { type: 'table', table: 'places' } },
      { id: 'said', kind: 'derive', inputs: ['rows'], config: { columns: [{ name: 'evil', expression: literal }] } },
      { id: 'cut', kind: 'select', inputs: ['said'], config: { columns: [{ name: 'evil', cast: 'integer' }] } },
      { id: 'kept', kind: 'target', inputs: ['cut'], config: { type: 'table', table: 'nothing_kept', mode: 'append' } },
    ],
    errorHandling: { dlq: { maxRatio: 1 } },
  };
  const done = async (path: string, data: object) => {
    const answer = await api.post(path, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return (await answer.json()) as Record<string, string>;
  };
  const { id = '' } = await done('pipelines', { document, publish: true });
  await done(`pipelines/${id}/run`, {});
  const run = await succeededRun(api, id, ({ rowsRejected }) => rowsRejected === 1);
  await done(`pipelines/${id}/pause`, { reason: ALL.slice(0, 500) });
  const { eventId = '' } = await done('respond', {
    ...{ customerId: `${MARK} ${CORPUS[1]}`, offerId: CORPUS[0], channel: 'web', interactionType: 'impression' },
  });
  return { pipelineId: id, runId: run.id, eventId };
}

/** Runs before the page's own scripts: what the browser says of broken policies is kept. */
function watch(): void {
  const own = window as unknown as { brokenPolicies: string[] };
  own.brokenPolicies = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    own.brokenPolicies.push(`${event.violatedDirective}: ${event.sample || event.blockedURI}`);
  });
}

async function expectInert(page: Page, dialogs: string[]): Promise<void> {
  const seen = await page.evaluate(() => {
    const own = window as unknown as { brokenPolicies: string[]; ranScript?: string };
    const parts = 'img[src="x"], iframe[srcdoc], [onerror], [onload], [ontoggle], a[href^="javascript:"]';
    return { ran: own.ranScript ?? null, broken: own.brokenPolicies, parts: document.querySelectorAll(parts).length };
  });
  expect({ page: page.url(), ...seen, dialogs }).toEqual({
    ...{ page: page.url(), ran: null, broken: [], parts: 0, dialogs: [] },
  });
}

// The browser's own line for the two pages that are not there.
test.use({ expectedErrors: [/status of 40[04]/] });

test('markup and script in names, labels, messages and payloads stay text on every page', async ({
  page,
  installation: { baseUrl },
  playwright,
}) => {
  test.slow();
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.addInitScript(watch);
  const tenant = await makeKeptTenant([]);
  await makeTable(tenant);
  await signInAsAdmin(page, tenant, baseUrl);
  const api = await playwright.request.newContext({
    baseURL: `${baseUrl}/api/v1/`,
    extraHTTPHeaders: { Authorization: `Bearer ${await makeKey(page, baseUrl)}` },
  });
  const { pipelineId, runId, eventId } = await fill(api);

  // Where the corpus must be seen, as text, or this test would prove nothing.
  const showing = [
    `/data/pipelines/${pipelineId}`,
    `/data/pipelines/${pipelineId}/ir`,
    `/data/pipelines/${pipelineId}/sql`,
    `/data/runs/${runId}`,
    `/ops/outbox/${eventId}`,
  ];
  for (const address of showing) {
    await page.goto(address);
    await expect(page.getByText(MARK).filter({ visible: true }).first(), address).toBeVisible();
    await expectInert(page, dialogs);
  }
  const audit = await api.get(`audit?target=${pipelineId}&action=pipeline.pause&limit=1`);
  const { items } = (await audit.json()) as { items: { id: string }[] };
  await api.dispose();
  await page.goto(`/ops/audit/${items[0]?.id}`);
  await expect(page.getByRole('heading', { name: 'pipeline.pause' })).toBeVisible();
  await expect(page.getByText(MARK).first()).toBeVisible();
  await expectInert(page, dialogs);

  const search = encodeURIComponent(CORPUS[1] ?? '');
  const others = [
    ...['/data/scheduler', '/data/pipelines', `/data/pipelines?search=${search}`, '/data/runs', '/ops/audit'],
    ...[`/data/pipelines/${pipelineId}/runs`, `/ops/audit?actor=${search}`, '/ops/outbox', '/settings/keys'],
    ...[`/nowhere/${search}`, `/data/runs/${search}`],
  ];
  for (const address of others) {
    await page.goto(address);
    await expect(page.getByRole('heading').first()).toBeVisible();
    await expectInert(page, dialogs);
  }
});
