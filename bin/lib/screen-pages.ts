// Every page that `npm run screens` takes a picture of. A new page adds its line here.
import type { Page } from '@playwright/test';
import { withOwner } from '../../e2e/owner.ts';
import { makeKeptTenant, signInAsAdmin } from '../../e2e/retention-tenant.ts';
import type { MadeData } from './screen-data.ts';

/** What the demo has to show: ids that only a running installation knows. */
export interface Shown extends MadeData {
  /** A pipeline with joins, dead letters and many runs. */
  pipelineId: string;
  /** A run of it that set rows aside. */
  dirtyRunId: string;
}

export interface ScreenPage {
  /** The file's name, before width and theme. */
  name: string;
  path: (shown: Shown) => string;
  /** Brings the page into the state that is worth a picture; it is already loaded and signed in. */
  prepare?: (page: Page, isWide: boolean) => Promise<void>;
  /** Taken before sign-in. */
  isPublic?: boolean;
}

const openDialog = (button: string | RegExp) => async (page: Page) => {
  await page.getByRole('button', { name: button }).filter({ visible: true }).first().click();
  await page.getByRole('dialog').waitFor();
};

/** Charts come after the page. */
const chartsDrawn = (page: Page) => page.locator('svg path.recharts-line-curve').last().waitFor();

/** Opens the first of a list: a link whose address begins so. */
const openFirst = (address: string) => async (page: Page) => {
  await page.locator(`main a[href^="${address}"]`).filter({ visible: true }).first().click();
  await page.waitForURL(`**${address}*`);
};

async function enterSuspendedTenant(page: Page): Promise<void> {
  const tenant = await makeKeptTenant([]);
  await signInAsAdmin(page, tenant, new URL(page.url()).origin);
  await withOwner((sql) => sql`update tenants set status = 'suspended' where id = ${tenant.id}`);
  await page.goto('/no-tenant');
}

export const SCREEN_PAGES: ScreenPage[] = [
  { name: 'login', path: () => '/login', isPublic: true },
  { name: 'forgot', path: () => '/forgot', isPublic: true },
  { name: 'invite', path: ({ invitePath }) => invitePath, isPublic: true },
  { name: 'link-over', path: () => '/reset?token=unknown', isPublic: true },
  { name: 'scheduler', path: () => '/data/scheduler' },
  { name: 'pipelines', path: () => '/data/pipelines' },
  { name: 'pipeline', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}` },
  { name: 'pipeline-runs', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/runs` },
  { name: 'pipeline-ledger', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/ledger` },
  { name: 'pipeline-sql', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/sql` },
  { name: 'pipeline-document', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/ir` },
  { name: 'pipeline-publish', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/publish` },
  { name: 'pipeline-versions', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/versions` },
  {
    name: 'pipeline-edit',
    path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/edit`,
    prepare: (page) => page.locator('.cm-content').waitFor(),
  },
  {
    name: 'pipeline-pause',
    path: ({ pipelineId }) => `/data/pipelines/${pipelineId}`,
    prepare: openDialog(/^Pause$/),
  },
  {
    name: 'pipeline-new',
    path: () => '/data/pipelines/new',
    prepare: (page) => page.locator('.cm-content').waitFor(),
  },
  { name: 'runs', path: () => '/data/runs' },
  { name: 'run', path: ({ dirtyRunId }) => `/data/runs/${dirtyRunId}` },
  { name: 'retention', path: () => '/data/retention' },
  { name: 'data-request-new', path: () => '/data/retention', prepare: openDialog('New request') },
  { name: 'data-request-given', path: ({ givenId }) => `/data/retention/requests/${givenId}` },
  { name: 'data-request-erased', path: ({ erasedId }) => `/data/retention/requests/${erasedId}` },
  { name: 'data-request-refused', path: ({ refusedId }) => `/data/retention/requests/${refusedId}` },
  { name: 'models', path: () => '/data/models' },
  { name: 'model', path: ({ modelId }) => `/data/models/${modelId}`, prepare: chartsDrawn },
  { name: 'model-new', path: () => '/data/models', prepare: openDialog('New model') },
  { name: 'gitops', path: () => '/data/gitops' },
  {
    name: 'gitops-document',
    path: () => '/data/gitops',
    prepare: async (page) => {
      await page.getByRole('link', { name: 'movie-ratings' }).filter({ visible: true }).last().click();
      await page.waitForURL('**/data/gitops/*');
    },
  },
  { name: 'engagement', path: () => '/data/engagement' },
  { name: 'outbox', path: () => '/ops/outbox' },
  { name: 'outbox-event', path: () => '/ops/outbox', prepare: openFirst('/ops/outbox/0') },
  { name: 'approvals', path: () => '/ops/approvals' },
  { name: 'approval', path: ({ waitingId }) => `/ops/approvals/${waitingId}` },
  { name: 'approval-rules', path: () => '/ops/approvals', prepare: openDialog('Change rules') },
  { name: 'alerts', path: () => '/ops/alerts' },
  { name: 'reports', path: () => '/ops/reports' },
  { name: 'report-new', path: () => '/ops/reports', prepare: openDialog('New report') },
  { name: 'siem', path: () => '/ops/siem' },
  { name: 'cron', path: () => '/ops/cron' },
  { name: 'audit', path: () => '/ops/audit' },
  { name: 'audit-entry', path: () => '/ops/audit', prepare: openFirst('/ops/audit/0') },
  { name: 'audit-chain', path: () => '/ops/audit/chain' },
  { name: 'emergency-stop', path: () => '/ops/fleet?stop=tenant' },
  { name: 'connections', path: () => '/settings/connections' },
  { name: 'connection', path: ({ connectionId }) => `/settings/connections/${connectionId}` },
  { name: 'connection-new', path: () => '/settings/connections?new=kafka' },
  { name: 'limits', path: () => '/settings/limits' },
  { name: 'users', path: () => '/settings/users' },
  { name: 'user', path: () => '/settings/users', prepare: openFirst('/settings/users/') },
  { name: 'keys', path: () => '/settings/keys' },
  { name: 'sessions', path: () => '/settings/sessions' },
  { name: 'tenants', path: () => '/settings/tenants' },
  { name: 'account', path: () => '/settings/account' },
  { name: 'palette', path: () => '/data/scheduler', prepare: openDialog('Search and commands') },
  { name: 'not-found', path: () => '/nowhere' },
  // Last: it signs somebody else in, whose tenant is suspended.
  { name: 'no-tenant', path: () => '/nowhere', prepare: enterSuspendedTenant },
];
