import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { localTime, renderCsv, renderHtml } from './render.ts';

const head = {
  title: 'Fleet & more',
  tenant: '<b>Acme</b>',
  timeZone: 'Europe/Berlin',
  period: { from: '2026-10-24T22:00:00.000Z', to: '2026-10-25T23:00:00.000Z' },
};
const composed = (rows: (string | number | null)[][]) => ({
  figures: [{ label: 'Rate', value: null, unit: '%' }],
  columns: ['Name', 'Count'],
  rows,
  rowsAre: 'runs that ended',
});

describe('a report as CSV', () => {
  it('reads back as it was written, but for an apostrophe before what a spreadsheet would run', () => {
    const cell = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('=1+1', '+1', '-1', '@x', '\t=1', ' =1', '＝1'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, fc.integer()), { minLength: 1 }), (rows) => {
        const read = parse(renderCsv({ columns: ['Name', 'Count'], rows }), {
          relax_column_count: false,
        }) as string[][];
        expect(read[0]).toEqual(['Name', 'Count']);
        for (const [index, [name, count]] of rows.entries()) {
          const [text = '', number] = read[index + 1]!;
          expect(text.replace(/^'/, '')).toBe(name.startsWith("'") ? name.slice(1) : name);
          expect(text).not.toMatch(/^\s*[=+\-@＝＋－＠]/);
          expect(number).toBe(String(count));
        }
      }),
    );
  });

  it('keeps a negative number a number', () => {
    expect(renderCsv({ columns: ['a'], rows: [[-5], [null]] })).toBe('a\r\n-5\r\n\r\n');
  });
});

describe('a report as HTML', () => {
  it('shows every text as text', () => {
    const html = renderHtml(head, composed([['<img src=x onerror=alert(1)>', 3]]));
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain('&lt;b&gt;Acme&lt;/b&gt;');
    expect(html).not.toMatch(/<img|<b>|<script/);
  });

  it('tells its stretch on the clock of the schedule, a clock that is set back too', () => {
    expect(renderHtml(head, composed([]))).toContain(
      '2026-10-25 00:00 GMT+2 to 2026-10-26 00:00 GMT+1 (Europe/Berlin)',
    );
    expect(localTime('2026-10-25T00:30:00Z', 'Europe/Berlin')).toBe('2026-10-25 02:30 GMT+2');
    expect(localTime('2026-10-25T01:30:00Z', 'Europe/Berlin')).toBe('2026-10-25 02:30 GMT+1');
  });

  it('says where its table was cut, and nothing of it where it was not', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, index) => [`pipeline ${index}`, index]);
    expect(renderHtml(head, composed(rows(2_000)))).toContain(
      'The table ends after 2,000 rows; the figures count all.',
    );
    expect(renderHtml(head, composed(rows(1_999)))).not.toContain('The table ends');
  });

  it('says that there was nothing, and a dash where there is no number', () => {
    const html = renderHtml(head, composed([]));
    expect(html).toContain('There were no runs that ended in this period.');
    expect(html).toContain('<dt>Rate</dt><dd>–</dd>');
  });
});
