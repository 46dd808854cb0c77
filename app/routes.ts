import type { UNSAFE_RouteConfigEntry as RouteConfigEntry } from '@remix-run/dev';

const page = (path: string, file: string, children?: RouteConfigEntry[]): RouteConfigEntry => ({
  path,
  file,
  ...(children ? { children } : {}),
});
const index = (file: string): RouteConfigEntry => ({ index: true, file });

/** Every page, by address. A folder is one view; `shell` is the frame that signed-in pages share. */
const routes: RouteConfigEntry[] = [
  page('login', 'session/login.tsx'),
  page('logout', 'session/logout.ts'),
  page('invite', 'accounts/invite.tsx'),
  page('reset', 'accounts/reset.tsx'),
  page('forgot', 'accounts/forgot.tsx'),
  page('no-tenant', 'accounts/no-tenant.tsx'),
  page('palette', 'palette/search.ts'),
  page('tenant', 'shell/tenant.ts'),
  page('ops/reports/:id/:format', 'reports/download.ts'),
  page('preferences', 'shell/preferences.ts'),
  {
    file: 'shell/shell.tsx',
    children: [
      index('shell/home.ts'),
      page('data/scheduler', 'scheduler/scheduler.tsx'),
      page('data/pipelines', 'pipelines/list.tsx'),
      page('data/pipelines/new', 'pipelines/new.tsx'),
      page('data/pipelines/:id', 'pipelines/detail.tsx', [
        index('pipelines/overview.tsx'),
        page('sql', 'pipelines/sql.tsx'),
        page('runs', 'pipelines/runs.tsx'),
        page('ledger', 'pipelines/ledger.tsx'),
        page('ir', 'pipelines/ir.tsx'),
        page('edit', 'pipelines/edit.tsx'),
        page('versions', 'pipelines/versions.tsx'),
        page('publish', 'pipelines/publish.tsx'),
      ]),
      page('data/runs', 'runs/list.tsx'),
      page('data/runs/:id', 'runs/detail.tsx'),
      page('data/gitops', 'gitops/gitops.tsx'),
      page('data/gitops/:id', 'gitops/document.tsx'),
      page('data/retention', 'retention/retention.tsx'),
      page('ops/audit', 'audit/audit.tsx'),
      page('ops/audit/chain', 'audit/chain.tsx'),
      page('ops/audit/:id', 'audit/entry.tsx'),
      page('data/engagement', 'engagement/engagement.tsx'),
      page('ops/alerts', 'alerts/alerts.tsx'),
      page('ops/reports', 'reports/reports.tsx'),
      page('ops/outbox', 'outbox/outbox.tsx'),
      page('ops/outbox/:id', 'outbox/event.tsx'),
      page('ops/cron', 'cron/cron.tsx'),
      page('ops/siem', 'siem/siem.tsx'),
      page('ops/fleet', 'fleet/fleet.tsx'),
      page('settings/connections', 'connections/connections.tsx'),
      page('settings/connections/:id', 'connections/connection.tsx'),
      page('settings/limits', 'limits/limits.tsx'),
      page('settings/account', 'accounts/account.tsx'),
      page('settings/users', 'accounts/users.tsx'),
      page('settings/users/:id', 'accounts/user.tsx'),
      page('settings/keys', 'accounts/keys.tsx'),
      page('settings/sessions', 'accounts/sessions.tsx'),
      page('settings/tenants', 'accounts/tenants.tsx'),
      page('*', 'shell/not-found.tsx'),
    ],
  },
];
export default routes;
