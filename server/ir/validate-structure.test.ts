import { describe, expect, it } from 'vitest';
import { orderNodes } from './graph.ts';
import { parseDocument } from './parse-document.ts';
import { validateStructure } from './validate-structure.ts';

type Loose = { id: string; kind: string; inputs?: string[]; config: unknown };

const source = (id: string): Loose => ({ id, kind: 'source', config: { type: 'table', table: 'a' } });
const filter = (id: string, ...inputs: string[]): Loose => ({ id, kind: 'filter', inputs, config: { where: 'true' } });
const target = (id: string, input: string, config = {}): Loose => ({
  id,
  kind: 'target',
  inputs: [input],
  config: { type: 'table', table: id, mode: 'append', ...config },
});

function parse(nodes: Loose[]) {
  const parsed = parseDocument({ kind: 'pipeline', version: '1.0', metadata: { name: 'p' }, nodes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.doc;
}
const problems = (...nodes: Loose[]) =>
  validateStructure(parse(nodes)).map(
    ({ pointer, code, severity }) => `${severity === 'warning' ? 'warning ' : ''}${pointer} ${code}`,
  );

describe('validateStructure', () => {
  it('finds nothing wrong with a chain', () => {
    expect(problems(source('s'), filter('f', 's'), target('t', 'f'))).toEqual([]);
  });

  it('refuses what a document may say beside its nodes but this version cannot do, rather than ignore it', () => {
    const doc = {
      ...parse([source('s'), target('t', 's')]),
      trigger: { kind: 'upstream' as const, pipelines: ['other'] },
      notify: { onFailure: ['log'], onMissedDeadline: [], onRecovery: [] },
    };
    const refused = validateStructure({ ...doc, policies: { ...doc.policies, overlap: 'cancel_other' } });
    expect(refused.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/trigger not_supported_yet',
      '/policies/overlap not_supported_yet',
      '/notify/onFailure not_supported_yet',
    ]);
  });

  it('reports duplicate ids, unknown inputs and inputs named twice', () => {
    const union = { id: 'u', kind: 'union', inputs: ['s', 's', 'nowhere'], config: {} };
    expect(problems(source('s'), source('s'), union, target('t', 'u'))).toEqual([
      '/nodes/1/id duplicate_id',
      '/nodes/2/inputs/1 duplicate_input',
      '/nodes/2/inputs/2 unknown_input',
    ]);
  });

  it('reports each node of a cycle, and not those behind it', () => {
    const nodes = [
      source('s'),
      filter('a', 'c'),
      filter('b', 'a'),
      filter('c', 'b'),
      filter('d', 'c'),
      target('t', 'd'),
    ];
    expect(problems(...nodes)).toEqual([
      '/nodes/1/inputs cycle',
      '/nodes/2/inputs cycle',
      '/nodes/3/inputs cycle',
      'warning /nodes/0 leads_nowhere',
    ]);
    expect(problems(source('s'), filter('a', 'a'), target('t', 's'))).toEqual(['/nodes/1/inputs cycle']);
  });

  it.each([
    [{ ...source('x'), inputs: ['s'] }],
    [filter('x')],
    [filter('x', 's', 'r')],
    [{ id: 'x', kind: 'join', inputs: ['s'], config: { on: [{ left: 'a', right: 'a' }] } }],
    [{ id: 'x', kind: 'union', inputs: ['s'], config: {} }],
    [{ id: 'x', kind: 'target', inputs: ['s', 'r'], config: { type: 'table', table: 'z', mode: 'append' } }],
  ])('counts the inputs of %j', (node) => {
    expect(problems(source('s'), source('r'), node, target('t', 's'), target('t2', 'r'))).toContain(
      '/nodes/2/inputs input_count',
    );
  });

  it('wants a target, warns of a node that leads nowhere, and lets nothing read from a target', () => {
    expect(problems(source('s'))).toEqual(['warning /nodes/0 leads_nowhere', '/nodes no_target']);
    expect(problems(source('s'), target('t', 's'), filter('f', 't'))).toEqual([
      '/nodes/2/inputs/0 target_has_outputs',
      'warning /nodes/2 leads_nowhere',
    ]);
  });

  const file = (config: object, parameters = {}) =>
    validateStructure({
      ...parse([
        {
          id: 's',
          kind: 'source',
          config: { type: 'file', format: 'csv', path: 'a', columns: [{ name: 'a', type: 'text' }], ...config },
        },
        target('t', 's'),
      ]),
      parameters,
    }).map(({ pointer, code }) => `${pointer} ${code}`);

  it.each([
    '/etc/*.csv',
    '../x.csv',
    'a/../b',
    '+(a|aa)b',
    '{run.nope}.csv',
    '{params.undeclared}.csv',
    '{run.due_at:*}',
  ])('refuses the path %s before a run does', (path) =>
    expect(file({ path })).toEqual(['/nodes/0/config/path invalid_path']),
  );

  it('accepts a path with declared names in braces, and one choice', () => {
    const region = { type: 'text' as const, default: 'eu' };
    const path = 'in/{params.region}/{run.due_at:YYYY/MM}-{run.interval_start}*.{csv,txt}';
    expect(file({ path }, { region })).toEqual([]);
  });

  it('refuses line ends as delimiter or quote, and the two being the same', () => {
    expect(file({ csv: { delimiter: '\n', quote: '\r' } })).toEqual([
      '/nodes/0/config/csv/delimiter invalid_value',
      '/nodes/0/config/csv/quote invalid_value',
    ]);
    expect(file({ csv: { delimiter: ';', quote: ';' } })).toEqual(['/nodes/0/config/csv/quote invalid_value']);
  });

  it('wants a key for upsert and refuses two targets on one table', () => {
    expect(problems(source('s'), target('t', 's', { mode: 'upsert' }))).toEqual(['/nodes/1/config/key missing_key']);
    expect(problems(source('s'), target('t', 's'), target('u', 's', { table: 't' }))).toEqual([
      '/nodes/2/config/table duplicate_target',
    ]);
    expect(problems(source('s'), target('t', 's', { key: ['a'] }))).toEqual(['warning /nodes/1/config/key unused_key']);
  });

  it.each([
    ['/kind', { id: 'x', kind: 'unnest', inputs: ['s'], config: { column: 'a', as: 'b' } }],
    ['/kind', { id: 'x', kind: 'branch', inputs: ['s'], config: { conditions: [{ to: 't', when: 'true' }] } }],
    ['/config/type', { id: 'x', kind: 'source', config: { type: 'interactions' } }],
    [
      '/config/type',
      {
        id: 'x',
        kind: 'source',
        config: { type: 'stream', connection: 'c', topic: 't', columns: [{ name: 'a', type: 'text' }] },
      },
    ],
    [
      '/config/format',
      {
        id: 'x',
        kind: 'source',
        config: { type: 'file', format: 'parquet', path: 'a', columns: [{ name: 'a', type: 'text' }] },
      },
    ],
    [
      '/config/path',
      {
        id: 'x',
        kind: 'source',
        config: { type: 'file', format: 'csv', path: 's3://b/a', columns: [{ name: 'a', type: 'text' }] },
      },
    ],
    ['/config/watermark', { id: 'x', kind: 'source', config: { type: 'table', table: 'a', watermark: 'w' } }],
    ['/config/mode', target('x', 's', { mode: 'blue_green' })],
    ['/config/mode', target('x', 's', { mode: 'incremental_watermark' })],
    ['/config/mode', target('x', 's', { mode: 'mirror', key: ['a'] })],
    ['/config/type', { id: 'x', kind: 'target', inputs: ['s'], config: { type: 'file', format: 'csv', path: 'a' } }],
  ])('says at %s what cannot be run yet', (path, node) => {
    expect(problems(source('s'), node, target('t', 's'))).toContain(`/nodes/1${path} not_supported_yet`);
  });

  it('reports columns named twice and settings that contradict each other', () => {
    const validate = {
      id: 'v',
      kind: 'validate',
      inputs: ['s'],
      config: {
        rules: [
          { rule: 'range', column: 'a' },
          { rule: 'references', columns: ['a'], table: 't', tableColumns: ['a', 'b'] },
        ],
        dataset: [{ rule: 'rowCount' }, { rule: 'rowCount', min: 5, max: 1 }],
      },
    };
    const derive = {
      id: 'd',
      kind: 'derive',
      inputs: ['v'],
      config: {
        columns: [
          { name: 'x', expression: '1' },
          { name: 'x', expression: '2' },
        ],
      },
    };
    const aggregate = {
      id: 'a',
      kind: 'aggregate',
      inputs: ['d'],
      config: { groupBy: ['x'], aggregates: [{ name: 'x', fn: 'sum', separator: ',' }] },
    };
    expect(problems(source('s'), validate, derive, aggregate, target('t', 'a'))).toEqual([
      '/nodes/1/config/rules/0 missing_bound',
      '/nodes/1/config/rules/1/tableColumns column_count',
      '/nodes/1/config/dataset/0 missing_bound',
      '/nodes/1/config/dataset/1/max empty_range',
      '/nodes/2/config/columns/1/name duplicate_column',
      '/nodes/3/config/aggregates/0/name duplicate_column',
      '/nodes/3/config/aggregates/0 missing_expression',
      '/nodes/3/config/aggregates/0/separator invalid_value',
    ]);
  });
});

describe('orderNodes', () => {
  it('puts inputs first and targets last', () => {
    const doc = parse([target('t', 's'), filter('b', 'a'), filter('a', 's'), source('s'), target('u', 'b')]);
    const { ordered, cyclic } = orderNodes(doc.nodes);
    expect(ordered.map(({ id }) => id)).toEqual(['s', 'a', 'b', 't', 'u']);
    expect(cyclic).toEqual([]);
  });
});
