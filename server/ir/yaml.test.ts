import { describe, expect, it } from 'vitest';
import { inOrder, LOCAL_YAML_LIMITS, MAX_YAML_BYTES, readYaml, writeYaml } from './yaml.ts';

const document = {
  kind: 'pipeline',
  version: '1.0',
  metadata: { name: 'p', labels: { b: '1', a: 'yes' } },
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table: 'a' } },
    { id: 'out', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'b', mode: 'append' } },
  ],
};
const FILE_OF_MANY = Array.from({ length: 150 }, (_, n) => `---\nname: p-${n}\nsays: ${'x'.repeat(1_000)}\n`).join('');
const problemOf = (text: string) => readYaml(text)[0]?.problem;

describe('reading YAML', () => {
  it('gives every document of a file with its line, and JSON is YAML', () => {
    expect(readYaml('a: 1\n---\n# about b\nb: [x, y]\n---\n')).toEqual([
      { line: 1, value: { a: 1 }, problem: null },
      { line: 4, value: { b: ['x', 'y'] }, problem: null },
    ]);
    expect(readYaml(JSON.stringify(document, null, 2))[0]?.value).toEqual(document);
  });

  it.each([
    ['', /no document/],
    ['# only a remark\n', /no document/],
    ['a: [1, 2\nb: 3', /^line \d/],
    ['a: 1\na: 2\n', /line 2: "a" stands twice/],
    ['a: !!js/function x', /line 1: Unresolved tag/],
    ['a: &a [*a]', /circular/i],
    ['*nowhere', /nowhere/],
    ['x'.repeat(MAX_YAML_BYTES + 1), /more than 131072 bytes/],
    ['---\na: 1\n'.repeat(101), /more than 100 documents/],
  ])('refuses %j with a reason', (text, reason) => {
    expect(problemOf(text.slice(0, MAX_YAML_BYTES + 1))).toMatch(reason);
  });

  it.each([
    ['brackets', '['.repeat(100_000)],
    ['maps', '{a: '.repeat(30_000)],
    ['lists', '- '.repeat(60_000)],
  ])('refuses %s that are nested too deeply, without following them down', (_, text) => {
    expect(problemOf(text)).toBe('it is nested too deeply');
  });

  it('refuses aliases that multiply', () => {
    const levels = [...'bcdefghi'].map(
      (name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(', ')}]`,
    );
    expect(problemOf(['a: &a [x, x, x, x, x, x, x, x, x]', ...levels].join('\n'))).toMatch(/alias/i);
  });

  it('bears ten thousand keys in one place', () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `k${i}: 1`).join('\n');
    expect(Object.keys(readYaml(text)[0]?.value as object)).toHaveLength(10_000);
  });
});

describe('writing YAML', () => {
  it("reads more of one's own files than of strangers', each document at its line", () => {
    expect(problemOf(FILE_OF_MANY)).toMatch(/more than/);
    const parts = readYaml(FILE_OF_MANY, LOCAL_YAML_LIMITS);
    expect(parts).toHaveLength(150);
    expect(parts.at(-1)).toMatchObject({ line: 149 * 3 + 2, problem: null, value: { name: 'p-149' } });
  });

  it('comes back as what it was', () => {
    expect(readYaml(writeYaml(document))[0]?.value).toEqual(inOrder(document));
  });

  it('has one order, whatever order the keys came in', () => {
    const { nodes, metadata, ...rest } = document;
    const turned = { nodes, metadata: { labels: { a: 'yes', b: '1' }, name: 'p' }, ...rest };
    expect(writeYaml(turned)).toBe(writeYaml(document));
    expect(writeYaml(document)).toMatch(/^kind: pipeline\nversion: "1.0"\nmetadata:\n {2}name: p\n/);
    expect(writeYaml(document)).toContain('a: yes\n    b: "1"');
  });

  it('shows a document that is none as it is', () => {
    expect(writeYaml({ kind: 'other' })).toBe('kind: other\n');
  });
});
