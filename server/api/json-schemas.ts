// zod schemas as JSON Schema for the OpenAPI document, with the shapes that have a name gathered in components.
import { z } from 'zod';
import { DlqEntry } from '#server/dlq/index.ts';
import { PipelineDocument, Policies, Schedule } from '#server/ir/index.ts';
import { DocumentProblem, DocumentToSave, NextFire, NodeSql, PipelineItem } from '#server/pipelines/index.ts';
import { RunDetail, RunItem } from '#server/runs/index.ts';

export type JsonSchema = { [key: string]: unknown };

const named = z.registry<{ id?: string }>();
for (const [id, schema] of Object.entries({
  ...{ DlqEntry, PipelineDocument, Policies, Schedule, DocumentProblem, NextFire, NodeSql, PipelineItem },
  ...{ RunDetail, RunItem },
}))
  named.add(schema, { id });

export type Schemas = {
  /** What a caller may send. */
  input(schema: z.ZodType): JsonSchema;
  /** What is answered: defaults are filled in, and objects are open to fields that come later. */
  output(schema: z.ZodType): JsonSchema;
  components: Record<string, JsonSchema>;
};

/** Collects named shapes into `components` while it converts. */
export function collectSchemas(): Schemas {
  const components: Record<string, JsonSchema> = {};
  const convert = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
    const {
      $schema: _,
      $defs,
      ...made
    } = z.toJSONSchema(schema, {
      io,
      metadata: named,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // The same instance wherever a document is sent to be saved; its own shape says nothing.
        if ((zodSchema as unknown) === DocumentToSave) jsonSchema.$ref = '#/$defs/PipelineDocument';
        // The formats say it; zod's patterns for them are 300 characters each.
        if (jsonSchema.format === 'date-time' || jsonSchema.format === 'uuid') delete jsonSchema.pattern;
        if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
        // Places of one kind each: as a plain array of that length it is understood by every reader of documents.
        const places = jsonSchema.prefixItems;
        if (places?.[0] && places.every((place) => JSON.stringify(place) === JSON.stringify(places[0]))) {
          Object.assign(jsonSchema, { items: places[0], minItems: places.length, maxItems: places.length });
          delete jsonSchema.prefixItems;
        }
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    // The same document differs as input (defaults may be left away) and as output.
    const nameOf = (name: string) => (io === 'input' ? `${name}Input` : name);
    for (const [name, shape] of Object.entries($defs ?? {}))
      components[nameOf(name)] = withReferences(shape, nameOf) as JsonSchema;
    return withReferences(made, nameOf) as JsonSchema;
  };
  convert(PipelineDocument, 'input');
  return {
    input: (schema) => convert(schema, 'input'),
    output: (schema) => convert(schema, 'output'),
    components,
  };
}

/** `#/$defs/X` means the whole OpenAPI document there: `#/components/schemas/X`. */
function withReferences(value: unknown, nameOf: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withReferences(item, nameOf));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'id' || typeof (value as JsonSchema).id !== 'string')
      .map(([key, item]) => {
        const name = key === '$ref' && typeof item === 'string' ? /^#\/\$defs\/(.+)$/.exec(item)?.[1] : undefined;
        return [key, name === undefined ? withReferences(item, nameOf) : `#/components/schemas/${nameOf(name)}`];
      }),
  );
}
