import { z } from 'zod';
import { PipelineDocument } from './schema.ts';

/** The document as a JSON Schema (2020-12), as one writes it: what has a default may be left out. */
export const pipelineJsonSchema = (): Record<string, unknown> => ({
  title: 'Mainspring pipeline document',
  ...z.toJSONSchema(PipelineDocument, { io: 'input', unrepresentable: 'any' }),
});
