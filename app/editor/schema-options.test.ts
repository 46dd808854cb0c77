import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type JsonSchema, optionsAt } from './schema-options.ts';

const schema = JSON.parse(readFileSync('docs/pipeline.schema.gen.json', 'utf8')) as JsonSchema;

/** Labels offered at the bar in a text. */
function offered(marked: string): string[] {
  const pos = marked.indexOf('|');
  return (optionsAt(schema, marked.replace('|', ''), pos)?.options ?? []).map(({ label }) => label);
}

describe('what is offered while a document is typed', () => {
  it('names the properties of the document that are not there yet', () => {
    const names = offered('{ "kind": "pipeline", | }');
    expect(names).toEqual(expect.arrayContaining(['version', 'metadata', 'nodes', 'schedule']));
    expect(names).not.toContain('kind');
  });
  it('goes on with a name that is half typed, and replaces all of it', () => {
    const text = '{ "meta" }';
    const found = optionsAt(schema, text, 7);
    expect(found).toMatchObject({ from: 2, to: 8, kind: 'property' });
    expect(found?.options.map(({ text: inserted }) => inserted)).toContain('"metadata"');
  });
  it('offers the values of an enumeration, with the default marked', () => {
    const found = optionsAt(schema, '{ "policies": { "overlap":  } }', 26);
    expect(found?.options.map(({ label, detail }) => [label, detail])).toEqual([
      ['skip', 'default'],
      ['buffer_one', ''],
      ['buffer_all', ''],
      ['cancel_other', ''],
      ['allow_all', ''],
    ]);
    expect(offered('{ "policies": { "catchUp": "la|st" } }')).toEqual(['last', 'none', 'all']);
  });
  it('offers the kinds of a step before it has one, and only the properties of its kind after', () => {
    expect(offered('{ "nodes": [ { "kind": "|" } ] }')).toEqual(expect.arrayContaining(['source', 'filter', 'target']));
    expect(offered('{ "nodes": [ { "kind": "filter", "config": { | } } ] }')).toEqual(['where']);
    expect(offered('{ "nodes": [ { "kind": "target", "config": { "type": "table", "mode": "|" } } ] }')).toContain(
      'blue_green',
    );
    const file = offered('{ "nodes": [ { "kind": "target", "config": { "type": "file", | } } ] }');
    expect(file).toContain('partitionBy');
    expect(file).not.toContain('table');
  });
  it('says which properties are required, and begins a value of the right shape', () => {
    const found = optionsAt(schema, '{  }', 2);
    expect(found?.options.find(({ label }) => label === 'nodes')).toMatchObject({ isRequired: true, skeleton: '[]' });
    expect(found?.options.find(({ label }) => label === 'kind')).toMatchObject({ skeleton: '"pipeline"' });
    expect(found?.options.find(({ label }) => label === 'schedule')).toMatchObject({
      isRequired: false,
      skeleton: '{}',
    });
  });
  it('offers the other steps where a step names its inputs', () => {
    const steps = '{ "id": "src" }, { "id": "other" }';
    expect(offered(`{ "nodes": [ ${steps}, { "id": "me", "inputs": ["src", |] } ] }`)).toEqual(['other']);
  });
  it.each(['{|', '|', '{ "nodes": [|', '{ "unknown": |}', '{ "metadata" |: 1 }', '[1, |2]', '{ "a": { "b": [ {|'])(
    'copes with %s',
    (marked) => {
      expect(() => offered(marked)).not.toThrow();
    },
  );
});
