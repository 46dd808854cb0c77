// A report as a page that stands alone (a mail's body, a file) and as a table for a spreadsheet.
import { stringify } from 'csv-stringify/sync';
import type { ReportFigure } from '#db/schema/index.ts';
import { type Composed, MAX_ROWS, type Period, type ReportCell } from './templates/index.ts';

export type ReportHead = { title: string; tenant: string; timeZone: string; period: Period };

/**
 * CSV after RFC 4180 with a header line. A text that a spreadsheet would run as a formula (it begins with = + - @, a
 * tab or a line feed, after spaces too) gets an apostrophe before it, the remedy of OWASP's "CSV Injection"; numbers
 * stay numbers.
 */
export function renderCsv({ columns, rows }: Pick<Composed, 'columns' | 'rows'>): string {
  return stringify([columns, ...rows.map((row) => row.map(inert))], { record_delimiter: 'windows' });
}

const inert = (cell: ReportCell) =>
  typeof cell === 'string' && /^\s*[=+\-@\t\r\n＝＋－＠]/.test(cell) ? `'${cell}` : cell;

/** One line of text, for a mail's subject and a list. */
export const periodWords = ({ period, timeZone }: Pick<ReportHead, 'period' | 'timeZone'>): string =>
  `${localTime(period.from, timeZone)} to ${localTime(period.to, timeZone)}`;

/** `2026-10-25 02:30 GMT+2`: with the offset, because a clock that is set back shows a time twice. */
export function localTime(at: string, timeZone: string): string {
  const options = { timeZone, hourCycle: 'h23', timeZoneName: 'shortOffset' } as const;
  const digits = { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const parts = new Intl.DateTimeFormat('en-US', { ...options, ...digits, year: 'numeric' }).formatToParts(
    new Date(at),
  );
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')} ${of('timeZoneName')}`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);

const STYLE = `body{font:14px/1.45 system-ui,sans-serif;color:#1c1f26;background:#fff;margin:24px;max-width:1100px}
h1{font-size:20px;margin:0 0 4px}p{margin:0 0 16px;color:#555c69}
dl{display:flex;flex-wrap:wrap;gap:12px 32px;margin:0 0 20px}dt{color:#555c69;font-size:12px}dd{margin:0;font-size:20px}
table{border-collapse:collapse;width:100%}th,td{padding:5px 10px;border-bottom:1px solid #dfe2e8;text-align:left;vertical-align:top}
th{font-size:12px;color:#555c69;font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){body{background:#14161b;color:#e6e8ec}p,dt,th{color:#a3abb8}th,td{border-color:#2c313b}}`;

/** A whole HTML document without scripts or anything to load. */
export function renderHtml(head: ReportHead, { figures, columns, rows, rowsAre }: Composed): string {
  const isNumber = columns.map((_, index) => rows.every((row) => typeof row[index] !== 'string'));
  const cell = (tag: 'th' | 'td', index: number, text: string) =>
    `<${tag}${tag === 'th' ? ' scope="col"' : ''}${isNumber[index] ? ' class="n"' : ''}>${text}</${tag}>`;
  const table =
    rows.length === 0
      ? `<p>There were no ${escapeHtml(rowsAre)} in this period.</p>`
      : `<table><thead><tr>${columns.map((column, index) => cell('th', index, escapeHtml(column))).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map((value, index) => cell('td', index, cellText(value))).join('')}</tr>`).join('\n')}</tbody></table>${rows.length < MAX_ROWS ? '' : `\n<p>The table ends after ${MAX_ROWS.toLocaleString('en-US')} rows; the figures count all.</p>`}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(head.title)}</title><style>${STYLE}</style></head>
<body><h1>${escapeHtml(head.title)}</h1>
<p>${escapeHtml(head.tenant)}, ${escapeHtml(periodWords(head))} (${escapeHtml(head.timeZone)})</p>
<dl>${figures.map((figure) => `<div><dt>${escapeHtml(figure.label)}</dt><dd>${escapeHtml(figureText(figure))}</dd></div>`).join('')}</dl>
${table}
</body></html>
`;
}

const cellText = (value: ReportCell) =>
  value === null ? '–' : escapeHtml(typeof value === 'number' ? value.toLocaleString('en-US') : value);

/** `1,234 %`; a dash where there was nothing to measure. */
export const figureText = ({ value, unit }: ReportFigure): string =>
  value === null ? '–' : `${value.toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`}`;
