// One live line per browser. Of the tabs that are looked at the one that holds the lock has it and passes what
// it hears on to the others; a tab that is put away lets go. Where the browser has no locks (plain http from
// another machine) each tab has a line of its own.
import { type LineEvent, openLine, SILENCE_MS } from './line.ts';

const NAME = 'mainspring-live';
type Note = LineEvent | { kind: 'who' };

/** Topics that stand for "anything may have changed". */
const ANYTHING: readonly string[] = ['*'];

const topicListeners = new Set<(topics: readonly string[]) => void>();
const stateListeners = new Set<() => void>();
let isUp = false;

function setUp(next: boolean): void {
  if (isUp === next) return;
  isUp = next;
  for (const listener of stateListeners) listener();
}

const tell = (topics: readonly string[]) => {
  for (const listener of topicListeners) listener(topics);
};

/** Calls back with the topics that changed; `*` after a time in which changes may have been missed. */
export function onTopics(listener: (topics: readonly string[]) => void): () => void {
  topicListeners.add(listener);
  return () => topicListeners.delete(listener);
}

/** For useSyncExternalStore: whether changes are told of as they happen. */
export const subscribeToState = (listener: () => void): (() => void) => {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
};
export const isChannelUp = (): boolean => isUp;

/** Starts listening for this tab. Returns how to stop. */
export function startChannel(): () => void {
  const post = 'BroadcastChannel' in window ? new BroadcastChannel(NAME) : null;
  let withdraw: (() => void) | null = null;
  let isLeading = false;
  let silence: ReturnType<typeof setTimeout>;

  const hear = (event: LineEvent) => {
    clearTimeout(silence);
    const isBack = event.kind !== 'down' && !isUp;
    if (event.kind !== 'down') silence = setTimeout(() => setUp(false), SILENCE_MS);
    setUp(event.kind !== 'down');
    if (event.kind === 'changed') tell(event.topics);
    // Between the page's data and the first look at the tenant something may have changed.
    else if (isBack) tell(ANYTHING);
  };
  const lead = () => {
    isLeading = true;
    return openLine((event) => {
      hear(event);
      post?.postMessage(event);
    });
  };
  post?.addEventListener('message', ({ data }: MessageEvent<Note>) => {
    if (data.kind !== 'who') {
      if (!isLeading && withdraw) hear(data);
    } else if (isLeading && isUp) post.postMessage({ kind: 'up' } satisfies Note);
  });

  function campaign(): void {
    if (withdraw) return;
    // Without locks nobody can say who leads: every tab does.
    const locks: LockManager | undefined = post === null ? undefined : navigator.locks;
    if (!locks) {
      const close = lead();
      withdraw = close;
      return;
    }
    const abort = new AbortController();
    let letGo = () => abort.abort();
    withdraw = () => letGo();
    post?.postMessage({ kind: 'who' } satisfies Note);
    locks
      .request(NAME, { signal: abort.signal }, () => {
        const close = lead();
        return new Promise<void>((done) => {
          letGo = () => {
            close();
            done();
          };
        });
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) throw error;
      });
  }
  function resign(): void {
    withdraw?.();
    withdraw = null;
    isLeading = false;
    clearTimeout(silence);
    setUp(false);
  }
  const look = () => (document.visibilityState === 'visible' ? campaign() : resign());
  document.addEventListener('visibilitychange', look);
  window.addEventListener('pagehide', resign);
  window.addEventListener('pageshow', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    window.removeEventListener('pagehide', resign);
    window.removeEventListener('pageshow', look);
    resign();
    post?.close();
  };
}
