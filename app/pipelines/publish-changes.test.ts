import { describe, expect, it } from 'vitest';
import { parseDocument } from '#server/ir/index.ts';
import type { PipelineDocument } from '#server/web/index.ts';
import { changesOf } from './publish-changes.ts';

const node = (id: string, where: string) => ({ id, kind: 'filter', inputs: ['src'], config: { where } });
const target = (mode: string, table = 't') => ({
  id: 'out',
  kind: 'target',
  inputs: ['kept'],
  config: { type: 'table', table, mode, key: mode === 'upsert' ? ['a'] : undefined },
});

function parse(more: Record<string, unknown>): PipelineDocument {
  const parsed = parseDocument({
    kind: 'pipeline',
    version: '1.0',
    metadata: { name: 'x' },
    nodes: [
      { id: 'src', kind: 'source', config: { type: 'table', table: 's' } },
      node('kept', 'a > 1'),
      target('append'),
    ],
    ...more,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.doc;
}
const nodes = (...others: unknown[]) => ({
  nodes: [{ id: 'src', kind: 'source', config: { type: 'table', table: 's' } }, ...others],
});

describe('what publishing changes', () => {
  it('is nothing between two equal documents, whatever the order of their properties', () => {
    const document = parse({});
    const reversed = JSON.parse(JSON.stringify(document), (_key, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    ) as PipelineDocument;
    expect(changesOf(document, reversed)).toEqual([]);
  });
  it('names the schedule, a policy and the target with how its rows get there', () => {
    const before = parse({ schedule: { kind: 'cron', expression: '0 6 * * *', timezone: 'Europe/Berlin' } });
    const after = parse({
      schedule: { kind: 'interval', minutes: 5 },
      policies: { overlap: 'buffer_one' },
      ...nodes(node('kept', 'a > 1'), target('upsert')),
    });
    expect(changesOf(before, after)).toEqual([
      { what: 'Schedule', before: 'cron 0 6 * * * (Europe/Berlin)', after: 'interval 5m' },
      { what: 'Policy overlap', before: 'skip', after: 'buffer_one' },
      { what: 'Target out', before: 'table t (append)', after: 'table t (upsert)' },
    ]);
  });
  it('names steps that come, go and change', () => {
    const after = parse(nodes(node('other', 'b'), { ...target('append'), inputs: ['other'] }));
    expect(changesOf(parse({}), after)).toEqual([
      { what: 'Step other', before: null, after: 'filter' },
      { what: 'Step out', before: 'target', after: 'changed' },
      { what: 'Step kept', before: 'filter', after: null },
    ]);
  });
  it('of a first version names where its rows will go', () => {
    expect(changesOf(null, parse({}))).toEqual([{ what: 'Target out', before: null, after: 'table t (append)' }]);
  });
});
