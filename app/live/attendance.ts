// Pages ask for their data again by themselves. What a page asks while nobody touches it must not keep its session
// awake, or one that was left open would never reach its idle time-out: such requests say so.

/** Known to server/http/pages-load-context.ts, which counts no request that has it as a sign of a person. */
export const UNATTENDED_HEADER = 'x-mainspring-unattended';
/** How long after a touch a person is taken to be there, in milliseconds. */
const PRESENT_MS = 60_000;
// Not `pointermove`: a browser makes some of its own when the page moves below a pointer that lies still.
// `click` and `input` without the others are a screen reader's, or somebody's who speaks.
const SIGNS = ['pointerdown', 'keydown', 'click', 'input', 'wheel', 'touchmove', 'popstate', 'pageshow'] as const;

type Target = Pick<Window, 'fetch' | 'addEventListener' | 'removeEventListener' | 'location'>;

/** Marks the data requests of a page that was left alone. Returns how to stop. */
export function watchAttendance(page: Target = window, nowMs: () => number = () => performance.now()): () => void {
  let touchedAtMs = nowMs();
  const touch = () => {
    touchedAtMs = nowMs();
  };
  const ask = page.fetch;
  page.fetch = (input, init) => {
    const asked = input instanceof Request ? input : { url: String(input), method: 'GET' };
    const isOfPage =
      (init?.method ?? asked.method) === 'GET' && new URL(asked.url, page.location.href).pathname.endsWith('.data');
    if (!isOfPage || nowMs() - touchedAtMs < PRESENT_MS) return ask.call(page, input, init);
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
    headers.set(UNATTENDED_HEADER, '1');
    return ask.call(page, input, { ...init, headers });
  };
  for (const sign of SIGNS) page.addEventListener(sign, touch, { capture: true, passive: true });
  return () => {
    page.fetch = ask;
    for (const sign of SIGNS) page.removeEventListener(sign, touch, { capture: true });
  };
}
