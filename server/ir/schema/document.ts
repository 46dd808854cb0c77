// The pipeline document (the IR) as zod schemas: the one description of its shape. Everything the later
// engine and scheduler need (policies, parameters, trigger, dlq, notify) is here from the first version, so
// that saved documents never change shape. Which parts the compiler can already run is its own business:
// it refuses the rest with a problem that names the node.
import { z } from 'zod';
import { Identifier } from './names.ts';
import { Node } from './nodes.ts';
import { Policies, Schedule, Trigger } from './schedule.ts';

/** Run parameters by name, each with its SQL type and default; expressions see them as `params.<name>`. */
export const Parameter = z.strictObject({
  type: z.enum(['text', 'integer', 'bigint', 'numeric', 'boolean', 'date', 'timestamptz']),
  default: z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]).default(null),
  description: z.string().max(500).optional(),
});

/** A label's key has no colon, so that `key:value` can be read one way only. */
export const LabelKey = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?$/, 'is not a label key');
const label = z.record(LabelKey, z.string().max(200));

export const Notify = z.strictObject({
  onFailure: z.array(z.string().min(1)).max(20).default([]),
  onMissedDeadline: z.array(z.string().min(1)).max(20).default([]),
  onRecovery: z.array(z.string().min(1)).max(20).default([]),
});

export const ErrorHandling = z.strictObject({
  dlq: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** More than this part of a run's rows quarantined: the run fails and the DLQ is left as it was. */
      maxRatio: z.number().min(0).max(1).default(0.5),
      capacity: z.int().min(1).max(10_000_000).default(100_000),
      overflow: z.enum(['block', 'drop_oldest']).default('block'),
    })
    .prefault({}),
  retry: z
    .strictObject({
      maxAttempts: z.int().min(1).max(20).default(3),
      backoff: z
        .strictObject({
          initialSeconds: z.number().min(0).max(3_600).default(5),
          factor: z.number().min(1).max(10).default(2),
          maxSeconds: z.number().min(0).max(86_400).default(300),
        })
        .prefault({}),
    })
    .prefault({}),
  timeoutSeconds: z.int().min(1).max(86_400).default(3_600),
});

export const PipelineName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,62}$/, 'use 1 to 63 of a-z, 0-9 and -, beginning with a letter');

export const PipelineDocument = z.strictObject({
  kind: z.literal('pipeline'),
  version: z.literal('1.0'),
  metadata: z.strictObject({
    name: PipelineName,
    description: z.string().max(2_000).default(''),
    owner: z.string().max(200).default(''),
    labels: label.default({}),
    annotations: label.default({}),
  }),
  parameters: z.record(Identifier, Parameter).default({}),
  schedule: Schedule.nullable().default(null),
  trigger: Trigger.nullable().default(null),
  policies: Policies.prefault({}),
  nodes: z.array(Node).min(1).max(200),
  errorHandling: ErrorHandling.prefault({}),
  notify: Notify.prefault({}),
});

export type PipelineDocument = z.infer<typeof PipelineDocument>;
export type Parameter = z.infer<typeof Parameter>;
