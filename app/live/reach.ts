/** An answer to "are you there" that takes longer than this is none, in milliseconds. */
const REACH_MS = 4_000;

/** Whether the server answers at all. */
export const isServerReachable = (): Promise<boolean> =>
  fetch('/livez', { cache: 'no-store', signal: AbortSignal.timeout(REACH_MS) }).then(
    ({ status }) => status < 500,
    () => false,
  );
