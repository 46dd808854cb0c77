import { z } from 'zod';
import { mutation, procedure } from '#server/procedure.ts';
import { getEngagement, listEngagement, recomputeNow, setEngagementSettings, summarizeEngagement } from './queries.ts';
import {
  CustomerRef,
  EngagementItem,
  EngagementSettingsInput,
  EngagementSettingsOutput,
  EngagementSummary,
  ListEngagementInput,
  ListEngagementOutput,
  RecomputeOutput,
} from './schemas.ts';

export const engagementProcedures = {
  summary: procedure
    .meta({
      rest: 'GET /engagement/summary',
      summary: "Tells how the tenant's customers are spread over the engagement scores.",
      scope: 'interactions:read',
      output: EngagementSummary,
    })
    .input(z.object({}).optional())
    .query(({ ctx }) => summarizeEngagement(ctx)),
  list: procedure
    .meta({
      rest: 'GET /engagement/customers',
      summary: 'Lists customers with their score, highest first.',
      scope: 'interactions:read',
      output: ListEngagementOutput,
    })
    .input(ListEngagementInput)
    .query(({ ctx, input }) => listEngagement(ctx, input)),
  get: procedure
    .meta({
      rest: 'GET /engagement/customers/:customerId',
      summary: 'Gives the score of one customer and its parts.',
      scope: 'interactions:read',
      output: EngagementItem,
      errors: ['CUSTOMER_NOT_FOUND'],
    })
    .input(CustomerRef)
    .query(({ ctx, input }) => getEngagement(ctx, input)),
  setSettings: mutation
    .meta({
      rest: 'PUT /engagement/settings',
      summary: 'Sets which outcomes count as positive; takes effect at the next computation.',
      scope: 'pipelines:write',
      audit: 'engagement.configure',
      output: EngagementSettingsOutput,
    })
    .input(EngagementSettingsInput)
    .mutation(({ ctx, input }) => setEngagementSettings(ctx, input)),
  recompute: mutation
    .meta({
      rest: 'POST /engagement/recompute',
      summary: "Computes the scores of the tenant's customers now.",
      scope: 'runs:write',
      audit: 'engagement.recompute',
      output: RecomputeOutput,
    })
    .input(z.object({}).optional())
    .mutation(({ ctx }) => recomputeNow(ctx)),
};
