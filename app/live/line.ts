// One connection to GET /live, with its retries. The browser's own retrying gives up at the first answer that
// is not 200, and does not notice a line that went silent.

/** Nothing for this long is a broken line, in milliseconds: the server beats every 15 s. */
export const SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Wait before the try after `failures` failed ones, in milliseconds; `chance` in [0, 1) spreads a crowd of pages. */
export function retryDelayMs(failures: number, chance: number): number {
  const full = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(full / 2 + (full / 2) * chance);
}

/** What a page is told of its line. */
export type LineEvent = { kind: 'up' } | { kind: 'down' } | { kind: 'beat' } | { kind: 'changed'; topics: string[] };

type Closing = 'session' | 'tenant' | 'replaced' | 'shutdown';

/** Opens the line and keeps it open until the returned function is called. */
export function openLine(tell: (event: LineEvent) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout>;
  let failures = 0;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const fail = () => {
    close();
    failures += 1;
    tell({ kind: 'down' });
    timer = setTimeout(connect, retryDelayMs(failures, Math.random()));
  };
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(fail, SILENCE_MS);
  };
  const end = (reason: Closing) => {
    close();
    // Asked again, the page is sent to sign-in or shows the tenant that it is in now.
    if (reason === 'session' || reason === 'tenant') tell({ kind: 'changed', topics: ['session'] });
    tell({ kind: 'down' });
    if (reason === 'tenant') timer = setTimeout(connect, 0);
    // A newer page of this session took the place: this one asks by itself until it is looked at again.
    else if (reason !== 'replaced') fail();
  };

  function connect(): void {
    const opened = new EventSource('/live');
    source = opened;
    heard();
    opened.addEventListener('ready', () => {
      failures = 0;
      heard();
      tell({ kind: 'up' });
    });
    opened.addEventListener('beat', () => {
      heard();
      tell({ kind: 'beat' });
    });
    opened.addEventListener('changed', ({ data }) => {
      heard();
      tell({ kind: 'changed', topics: (JSON.parse(data) as { topics: string[] }).topics });
    });
    opened.addEventListener('end', ({ data }) => end((JSON.parse(data) as { reason: Closing }).reason));
    opened.addEventListener('error', fail);
  }
  connect();
  return close;
}
