import { z } from 'zod';
import { isUuid } from '#server/lib/index.ts';
import { CONNECTION_KINDS } from './kinds.ts';

const instant = z.iso.datetime();
const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,59}$/, 'must be 1 to 60 of a-z, 0-9 and -, beginning with a letter')
  .refine((text) => !isUuid(text), 'must not look like an id');
const fields = z.record(z.string().max(60), z.unknown());

export const ConnectionRef = z.object({
  id: z.string().min(1).max(100).describe('The id or the name of the connection.'),
});
export const ListConnectionsInput = z.object({ kind: z.enum(CONNECTION_KINDS).optional() });
export const CreateConnectionInput = z.object({
  name,
  kind: z.enum(CONNECTION_KINDS),
  description: z.string().max(500).default(''),
  config: fields.default({}).describe('What is shown; its fields depend on the kind.'),
  secrets: fields.default({}).describe('What is sealed and never answered; its fields depend on the kind.'),
});
export const UpdateConnectionInput = ConnectionRef.extend({
  name: name.optional(),
  description: z.string().max(500).optional(),
  config: fields.optional().describe('Takes the place of the whole configuration.'),
  secrets: fields.optional().describe('Only the named ones change; null removes one.'),
  ifUpdatedAt: instant
    .optional()
    .describe('The `updatedAt` that was read: a change made since is not overwritten. Absent: whatever it is.'),
});

export const Connection = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(CONNECTION_KINDS),
  description: z.string(),
  config: z.record(z.string(), z.unknown()),
  secretNames: z.array(z.string()).describe('Which secrets are set.'),
  createdBy: z.string(),
  createdAt: instant,
  updatedBy: z.string(),
  updatedAt: instant,
  test: z.object({ ok: z.boolean(), message: z.string(), testedAt: instant }).nullable(),
});
export const ConnectionList = z.object({ items: z.array(Connection) });
export const ConnectionUses = z.object({
  items: z.array(
    z.object({
      pipelineId: z.uuid(),
      pipelineName: z.string(),
      isLive: z.boolean().describe('False: only its newest version, which is not published, names the connection.'),
    }),
  ),
  total: z.number().int().describe('All of them; the first hundred by name are listed.'),
  isGitSource: z.boolean().describe('Its repository is the one that pipelines are compared with.'),
});
export const DeleteOutput = z.object({ id: z.uuid() });
export const TestOutput = z.object({ ok: z.boolean(), message: z.string(), durationMs: z.number() });
export const RotateOutput = z.object({
  keyId: z.string().describe('The key that seals from now on.'),
  isNew: z.boolean().describe('False: a rotation that had been left unfinished was finished.'),
  resealed: z.number().int(),
  remaining: z.number().int().describe('Sealed with an earlier key still; call again until it is 0.'),
});
