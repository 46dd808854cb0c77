import { z } from 'zod';
import { outboundClient } from '#server/connections/index.ts';
import { mutation, procedure, transacted } from '#server/procedure.ts';
import { ADDRESS_ERRORS, checkChannels } from './check-channels.ts';
import { listAlertEvents } from './list-events.ts';
import { ALERT_METRICS, METRICS } from './metrics.ts';
import {
  createAlertRule,
  deleteAlertRule,
  listAlertRules,
  readRuleWebhooks,
  testAlertRule,
  updateAlertRule,
} from './rules.ts';
import {
  AlertRuleInput,
  AlertRuleMade,
  AlertRuleRef,
  ListAlertEventsInput,
  ListAlertEventsOutput,
  ListAlertMetricsOutput,
  ListAlertRulesOutput,
  UpdateAlertRuleInput,
} from './schemas.ts';

const nothing = z.object({}).optional();

export const alertProcedures = {
  metrics: procedure
    .meta({
      rest: 'GET /alerts/metrics',
      summary: 'Lists the figures that an alert rule can watch.',
      scope: 'alerts:read',
      output: ListAlertMetricsOutput,
    })
    .input(nothing)
    .query(() => ({
      items: ALERT_METRICS.map((name) => {
        const { says, unit, isWindowed } = METRICS[name];
        return { name, says, unit, isWindowed };
      }),
    })),
  rules: procedure
    .meta({
      rest: 'GET /alerts/rules',
      summary: 'Lists the alert rules with their state, those that fire first.',
      scope: 'alerts:read',
      output: ListAlertRulesOutput,
    })
    .input(nothing)
    .query(({ ctx }) => listAlertRules(ctx)),
  events: procedure
    .meta({
      rest: 'GET /alerts/events',
      summary: 'Lists what the alert rules said, newest first, and who was told.',
      scope: 'alerts:read',
      output: ListAlertEventsOutput,
    })
    .input(ListAlertEventsInput)
    .query(({ ctx, input }) => listAlertEvents(ctx, input)),
  createRule: procedure
    .meta({
      rest: 'POST /alerts/rules',
      summary: 'Creates an alert rule; it is evaluated every minute.',
      scope: 'alerts:write',
      audit: 'alert.create',
      secrets: { input: ['channels'] },
      status: 201,
      output: AlertRuleMade,
      errors: ['ALERT_RULE_NAME_TAKEN', 'ALERT_RULES_FULL', ...ADDRESS_ERRORS],
    })
    .input(AlertRuleInput)
    .use(async ({ input, next }) => {
      await checkChannels(outboundClient, input.channels);
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => createAlertRule(ctx, input)),
  updateRule: procedure
    .meta({
      rest: 'PUT /alerts/rules/:id',
      summary: 'Replaces an alert rule. A webhook sent back as the list shows it keeps its stored address.',
      scope: 'alerts:write',
      audit: 'alert.update',
      secrets: { input: ['channels'] },
      output: AlertRuleMade,
      errors: ['ALERT_RULE_NOT_FOUND', 'ALERT_RULE_NAME_TAKEN', ...ADDRESS_ERRORS],
    })
    .input(UpdateAlertRuleInput)
    .use(async ({ ctx, input, next }) => {
      await checkChannels(outboundClient, input.channels, await readRuleWebhooks(ctx, input.id));
      return next();
    })
    .use(transacted)
    .mutation(({ ctx, input }) => updateAlertRule(ctx, input)),
  testRule: mutation
    .meta({
      rest: 'POST /alerts/rules/:id/test',
      summary: "Sends a test notification to a rule's channels.",
      scope: 'alerts:write',
      audit: 'alert.test',
      output: AlertRuleMade,
      errors: ['ALERT_RULE_NOT_FOUND'],
    })
    .input(AlertRuleRef)
    .mutation(({ ctx, input }) => testAlertRule(ctx, input)),
  deleteRule: mutation
    .meta({
      rest: 'DELETE /alerts/rules/:id',
      summary: 'Deletes an alert rule; what it said stays in the history.',
      scope: 'alerts:write',
      audit: 'alert.delete',
      output: AlertRuleMade,
      errors: ['ALERT_RULE_NOT_FOUND'],
    })
    .input(AlertRuleRef)
    .mutation(({ ctx, input }) => deleteAlertRule(ctx, input)),
};
