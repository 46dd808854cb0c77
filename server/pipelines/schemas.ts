import { z } from 'zod';

/** Page size and position of every list. */
export const PageInput = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(1_000).optional(),
});

/** `key:value` or `key`; several are ANDed. A single one may come bare from a query string. */
export const LabelFilter = z
  .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string().min(1).max(300)).max(20))
  .optional();

/** A pipeline by id or by name. */
export const PipelineRef = z.object({ id: z.string().min(1).max(100) });

export const ListPipelinesInput = PageInput.extend({ label: LabelFilter, search: z.string().max(200).optional() });
export const CreatePipelineInput = z.object({ document: z.unknown(), publish: z.boolean().default(false) });
export const GetIrInput = PipelineRef.extend({ version: z.coerce.number().int().min(1).optional() });
/** `baseVersion` is the version that was edited: another one saved since makes this 409 VERSION_STALE. */
export const SaveIrInput = PipelineRef.extend({ baseVersion: z.number().int().min(0), document: z.unknown() });
export const PublishInput = PipelineRef.extend({ version: z.number().int().min(1).optional() });
export const PausePipelineInput = PipelineRef.extend({
  reason: z.string().trim().min(1, 'say why, for whoever comes next').max(500),
  until: z.iso.datetime({ offset: true }).optional(),
});
export const ValidateInput = z.object({ document: z.unknown() });
