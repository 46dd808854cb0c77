// What the walks name, and documents and cursors that name it.
import type { FilledTenant } from '#db/testing/fill-tenant.ts';
import { encodeCursor, newId } from '#server/lib/index.ts';

/** What a caller can name: another tenant's things, or things that are nowhere. */
export type Names = FilledTenant & { table: string };
export type Input = Record<string, unknown>;
/** By procedure: how it could be asked for what these names stand for. */
export type Walks = Record<string, (names: Names) => Input[]>;

/** Like another tenant's, but nowhere; ids as old as theirs, because ids ascend with time and cursors are ids. */
export function namesOfNowhere(theirs: Names): Names {
  const entries = Object.entries(theirs).map(([name, value]) => [
    name,
    name.endsWith('Id') ? newId() : value.replaceAll('theirs', 'nowhr1'),
  ]);
  return Object.fromEntries(entries) as Names;
}

export const document = (name: string, table: string) => ({
  kind: 'pipeline',
  version: '1.0',
  metadata: { name },
  schedule: { kind: 'interval', minutes: 5 },
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table } },
    { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: `${table}_copy`, mode: 'append' } },
  ],
});

/** A pipeline by its id, written in both ways, and by its name. */
export const byRef = (names: Names, more: Input = {}): Input[] => [
  { id: names.pipelineId, ...more },
  { id: names.pipelineId.toUpperCase(), ...more },
  { id: names.pipelineName, ...more },
];
export const team = (names: Names) => `team:team of ${names.slug}`;
/** The cursor of a page that begins behind this. */
export const after = (...parts: string[]) => encodeCursor(parts);
