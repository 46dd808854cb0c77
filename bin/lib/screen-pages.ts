// Every page that `npm run screens` takes a picture of. A new page adds its line here.
import type { Page } from '@playwright/test';

/** What the demo has to show: ids that only a running installation knows. */
export interface Shown {
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

export const SCREEN_PAGES: ScreenPage[] = [
  { name: 'login', path: () => '/login', isPublic: true },
  { name: 'scheduler', path: () => '/data/scheduler' },
  { name: 'pipelines', path: () => '/data/pipelines' },
  { name: 'pipeline', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}` },
  { name: 'pipeline-runs', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/runs` },
  { name: 'pipeline-ledger', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/ledger` },
  { name: 'pipeline-sql', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/sql` },
  { name: 'pipeline-document', path: ({ pipelineId }) => `/data/pipelines/${pipelineId}/ir` },
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
  { name: 'engagement', path: () => '/data/engagement' },
  { name: 'outbox', path: () => '/ops/outbox' },
  { name: 'alerts', path: () => '/ops/alerts' },
  { name: 'cron', path: () => '/ops/cron' },
  { name: 'audit', path: () => '/ops/audit' },
  { name: 'emergency-stop', path: () => '/ops/fleet?stop=tenant' },
  { name: 'connections', path: () => '/settings/connections' },
  { name: 'connection-new', path: () => '/settings/connections?new=kafka' },
  { name: 'limits', path: () => '/settings/limits' },
  { name: 'users', path: () => '/settings/users' },
  { name: 'keys', path: () => '/settings/keys' },
  { name: 'sessions', path: () => '/settings/sessions' },
  { name: 'tenants', path: () => '/settings/tenants' },
  { name: 'account', path: () => '/settings/account' },
  { name: 'palette', path: () => '/data/scheduler', prepare: openDialog('Search and commands') },
  { name: 'not-found', path: () => '/nowhere' },
];
