import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDocument } from './format-document.ts';

describe('a document as text', () => {
  it('stands in the order in which one reads it, small parts on one line', () => {
    const document = {
      nodes: [{ kind: 'filter', config: { where: 'a > 1' }, inputs: ['src'], id: 'kept' }],
      metadata: { labels: {}, name: 'x' },
      version: '1.0',
      kind: 'pipeline',
    };
    expect(formatDocument(document)).toBe(`{
  "kind": "pipeline",
  "version": "1.0",
  "metadata": { "name": "x", "labels": {} },
  "nodes": [
    { "id": "kept", "kind": "filter", "inputs": ["src"], "config": { "where": "a > 1" } }
  ]
}
`);
  });
  it('says the same as the document, whatever is in it, and the same text for the same document', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (document) => {
        const text = formatDocument(document);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(document)));
        expect(formatDocument(JSON.parse(text))).toBe(text);
      }),
      { seed: 4, numRuns: 300 },
    );
  });
});
