export type CsvOptions = { delimiter: string; quote: string; nullText: string };
export type CsvStep =
  | { kind: 'open' }
  | { kind: 'fields'; fields: (string | null)[] }
  | { kind: 'bad'; message: string };

/**
 * Takes a record line by line, because a quoted field may hold line feeds. An unquoted field that equals
 * `nullText` is null, a quoted one never is. A quote inside an unquoted field stands for itself.
 */
export function createCsvRecordParser(options: CsvOptions) {
  const { delimiter, quote, nullText } = options;
  let fields: (string | null)[] = [];
  /** The text so far of a quoted field that is still open. */
  let open: string | null = null;
  const plain = (text: string) => (text === nullText ? null : text);

  function reset() {
    fields = [];
    open = null;
  }

  /** Reads a quoted field from just behind its opening quote; -1 when it does not close on this line. */
  function readQuoted(text: string, from: number): number {
    let at = from;
    for (;;) {
      const close = text.indexOf(quote, at);
      if (close === -1) {
        open = `${open ?? ''}${text.slice(at)}\n`;
        return -1;
      }
      open = (open ?? '') + text.slice(at, close);
      if (text[close + 1] !== quote) return close + 1;
      open += quote;
      at = close + 2;
    }
  }

  function feed(line: string): CsvStep {
    let at = 0;
    let isInside = open !== null;
    // The carriage return of a CRLF file; one inside an open quoted field belongs to the field.
    const end = line.endsWith('\r') ? line.length - 1 : line.length;
    if (!isInside && !line.includes(quote)) {
      const done = line.slice(0, end).split(delimiter).map(plain);
      return { kind: 'fields', fields: done };
    }
    for (;;) {
      if (isInside || line[at] === quote) {
        const next = readQuoted(line, isInside ? at : at + 1);
        if (next === -1) return { kind: 'open' };
        isInside = false;
        fields.push(open ?? '');
        open = null;
        if (next < end && line[next] !== delimiter) {
          const message = `field ${fields.length} goes on after its closing quote`;
          reset();
          return { kind: 'bad', message };
        }
        at = next + 1;
        if (next >= end) break;
      } else {
        const next = line.indexOf(delimiter, at);
        fields.push(plain(line.slice(at, next === -1 ? end : next)));
        if (next === -1) break;
        at = next + 1;
      }
    }
    const done = fields;
    reset();
    return { kind: 'fields', fields: done };
  }

  return { feed, reset };
}
