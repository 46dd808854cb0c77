/** What has to be undone, in the opposite order of doing it. */
export type Shutdown = {
  /** @param stop lets it finish; @param kill ends it at once, for an impatient second Ctrl-C */
  add(stop: () => Promise<void>, kill?: () => void): void;
  /** Stops everything, the newest first; goes on when one fails and returns the errors. */
  run(): Promise<Error[]>;
  killAll(): void;
};

/** An empty list of things to undo. */
export function createShutdown(): Shutdown {
  const entries: { stop: () => Promise<void>; kill: () => void }[] = [];
  return {
    add: (stop, kill = () => undefined) => {
      entries.push({ stop, kill });
    },
    run: async () => {
      const errors: Error[] = [];
      for (const { stop } of entries.toReversed()) {
        await stop().catch((error) => errors.push(error instanceof Error ? error : new Error(String(error))));
      }
      return errors;
    },
    killAll: () => {
      for (const { kill } of entries) kill();
    },
  };
}
