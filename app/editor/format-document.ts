// A document as text to read and edit. The database keeps objects without their order; this gives every document
// the same one, so that two versions differ only where they were changed.

/** What one looks for first stands first; names that are not here follow by the alphabet. */
const ORDER = [
  ...['kind', 'version', 'metadata', 'id', 'name', 'rule', 'type', 'description', 'owner', 'labels', 'annotations'],
  ...['parameters', 'schedule', 'trigger', 'policies', 'nodes', 'errorHandling', 'notify'],
  ...['inputs', 'config', 'table', 'format', 'path', 'mode', 'key', 'columns', 'column', 'expression', 'on'],
];
const rank = new Map(ORDER.map((name, at) => [name, at]));

/** Objects and arrays up to this length stay on one line. */
const LINE_LENGTH = 96;

const rankOf = (name: string) => rank.get(name) ?? ORDER.length;
/** A step is named before it says what it is; a document says what it is first. */
const byRank =
  (isStep: boolean) =>
  ([a]: [string, unknown], [b]: [string, unknown]) => {
    if (isStep && (a === 'id' || b === 'id')) return a === 'id' ? -1 : 1;
    return rankOf(a) - rankOf(b) || (a < b ? -1 : 1);
  };

const entriesOf = (value: object) => Object.entries(value).sort(byRank('id' in value));

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const parts = entriesOf(value).map(([name, part]) => `${JSON.stringify(name)}: ${oneLine(part)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

function format(value: unknown, indent: string, room: number): string {
  const line = oneLine(value);
  const isNested = typeof value === 'object' && value !== null && indent !== '';
  if (value === null || typeof value !== 'object' || (isNested && line.length <= room - indent.length)) return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((part) => inner + format(part, inner, LINE_LENGTH))
    : entriesOf(value).map(([name, part]) => {
        const start = `${inner}${JSON.stringify(name)}: `;
        return start + format(part, inner, LINE_LENGTH - start.length + inner.length);
      });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return parts.length === 0 ? `${open}${close}` : `${open}\n${parts.join(',\n')}\n${indent}${close}`;
}

/** JSON with the document's order of names, small parts on one line, and a newline at the end. */
export const formatDocument = (document: unknown): string => `${format(document, '', LINE_LENGTH)}\n`;
