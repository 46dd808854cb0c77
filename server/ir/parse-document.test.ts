import { describe, expect, it } from 'vitest';
import { parseDocument, pointerOf } from './parse-document.ts';

const source = { id: 'src', kind: 'source', config: { type: 'table', table: 'a' } };
const target = { id: 'out', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'b', mode: 'append' } };
const document = { kind: 'pipeline', version: '1.0', metadata: { name: 'p' }, nodes: [source, target] };

function problems(json: unknown): { at: string; message: string }[] {
  const parsed = parseDocument(json);
  if (parsed.ok) throw new Error('accepted');
  return parsed.problems.map(({ pointer, code, message }) => ({ at: `${pointer} ${code}`, message }));
}

describe('parseDocument', () => {
  it('returns the document with its defaults', () => {
    const parsed = parseDocument(document);
    expect(parsed).toMatchObject({ ok: true, doc: { schedule: null, policies: { overlap: 'skip' } } });
  });

  it('reports every problem at its pointer, with the value', () => {
    const found = problems({
      ...document,
      version: '2.0',
      extra: 1,
      schedule: { kind: 'interval', minutes: 0 },
      parameters: { 'Not Good': { type: 'text' } },
      nodes: [
        { ...source, id: 'Bad Id' },
        { ...target, config: { ...target.config, mode: 'replace', speed: 9 } },
      ],
    });
    expect(found.map(({ at }) => at).sort()).toEqual([
      '/extra unknown_property',
      '/nodes/0/id invalid_format',
      '/nodes/1/config/mode invalid_value',
      '/nodes/1/config/speed unknown_property',
      '/parameters/Not Good invalid_key',
      '/schedule/minutes too_small',
      '/version invalid_value',
    ]);
    const mode = found.find(({ at }) => at.includes('/mode'));
    expect(mode?.message).toContain('(got "replace")');
  });

  it('says what is missing and which kinds there are', () => {
    const { metadata: _, ...rest } = document;
    expect(problems(rest)[0]).toMatchObject({
      at: '/metadata invalid_type',
      message: expect.stringContaining('missing'),
    });
    expect(problems({ ...document, nodes: [{ ...source, kind: 'magic' }] })[0]?.at).toMatch(/^\/nodes\/0/);
  });

  it.each([null, 7, 'text', [], { nodes: 'x' }])('refuses %j without throwing', (json) => {
    expect(problems(json).length).toBeGreaterThan(0);
  });

  it('refuses text that PostgreSQL cannot store, wherever it stands', () => {
    const rules = [
      { rule: 'in_set', column: 'a', values: ['x\u0000'] },
      { rule: 'regex', column: 'a', pattern: '\ud800' },
    ];
    const found = problems({ ...document, nodes: [{ id: 'v', kind: 'validate', inputs: ['src'], config: { rules } }] });
    expect(found.map(({ at }) => at)).toEqual([
      '/nodes/0/config/rules/0/values/0 bad_text',
      '/nodes/0/config/rules/1/pattern bad_text',
    ]);
  });

  it('refuses a nesting bomb before it is walked', () => {
    let bomb: unknown = 1;
    for (let i = 0; i < 5_000; i++) bomb = [bomb];
    expect(problems({ ...document, metadata: bomb })[0]?.at).toContain('too_deep');
  });

  it.each(['_ms_key', 'ctid', 'xmin', '', 'é'.repeat(32)])('refuses the table name %j', (table) => {
    expect(problems({ ...document, nodes: [{ ...source, config: { type: 'table', table } }] })[0]?.at).toContain(
      '/nodes/0/config/table',
    );
  });

  it('writes pointers with ~ and / escaped', () => {
    expect(pointerOf(['a/b', 'c~d', 0])).toBe('/a~1b/c~0d/0');
  });
});
