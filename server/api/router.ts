// Every procedure there is. REST, tRPC, the pages' caller and the tests all walk this one tree.
import type { inferRouterOutputs } from '@trpc/server';
import { accountProcedures } from '#server/accounts/index.ts';
import { alertProcedures } from '#server/alerts/index.ts';
import { approvalProcedures } from '#server/approvals/index.ts';
import { auditProcedures } from '#server/audit-trail/index.ts';
import { connectionProcedures } from '#server/connections/index.ts';
import { cronProcedures } from '#server/cron/index.ts';
import { dsarProcedures } from '#server/dsar/index.ts';
import { engagementProcedures } from '#server/engagement/index.ts';
import { fleetProcedures } from '#server/fleet/index.ts';
import { gitopsProcedures } from '#server/gitops/index.ts';
import { interactionProcedures } from '#server/interactions/index.ts';
import { limitProcedures } from '#server/limits/index.ts';
import { modelProcedures } from '#server/models/index.ts';
import { outboxProcedures } from '#server/outbox/index.ts';
import { approveProcedure, pipelineProcedures } from '#server/pipelines/index.ts';
import { createCallerFactory, router } from '#server/procedure.ts';
import { reportProcedures } from '#server/reports/index.ts';
import { retentionProcedures } from '#server/retention/index.ts';
import { runProcedures, startRunProcedure } from '#server/runs/index.ts';
import { schedulerProcedures } from '#server/scheduler/index.ts';
import { siemProcedures } from '#server/siem/index.ts';

export const appRouter = router({
  accounts: router(accountProcedures),
  audit: router(auditProcedures),
  connections: router(connectionProcedures),
  limits: router(limitProcedures),
  fleet: router(fleetProcedures),
  pipelines: router({ ...pipelineProcedures, run: startRunProcedure }),
  approvals: router({ ...approvalProcedures, approve: approveProcedure }),
  gitops: router(gitopsProcedures),
  runs: router(runProcedures),
  scheduler: router(schedulerProcedures),
  outbox: router(outboxProcedures),
  interactions: router(interactionProcedures),
  retention: router(retentionProcedures),
  dsar: router(dsarProcedures),
  engagement: router(engagementProcedures),
  alerts: router(alertProcedures),
  reports: router(reportProcedures),
  models: router(modelProcedures),
  cron: router(cronProcedures),
  siem: router(siemProcedures),
});
export type AppRouter = typeof appRouter;
export type RouterOutputs = inferRouterOutputs<AppRouter>;

/** Calls procedures in process, through the same middleware as HTTP. */
export const createCaller = createCallerFactory(appRouter);
