import { type EmbeddedDatabase, startEmbedded } from '#db/embedded.ts';

const maxRestartDelayMs = 30_000;

export type KeptDatabase = { url: string; stop(): Promise<void> };

/** Starts the embedded database of a home and starts it again should it end by itself (killed, out of memory). */
export async function keepDatabase(home: string, log: (message: string) => void): Promise<KeptDatabase> {
  let database: EmbeddedDatabase = await startEmbedded({ home, log });
  let isStopping = false;
  let restarting: Promise<void> = Promise.resolve();

  const restart = async () => {
    for (let delayMs = 200; !isStopping; delayMs = Math.min(delayMs * 2, maxRestartDelayMs)) {
      try {
        database = await startEmbedded({ home, log });
        watch();
        log('the database is running again');
        return;
      } catch (error) {
        log(`the database could not be started: ${error instanceof Error ? error.message : String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  };
  const watch = () => {
    void database.exited.then(() => {
      if (isStopping) return;
      log(`the database ended by itself; starting it again (log: ${database.logFile})`);
      restarting = restart();
    });
  };

  watch();
  return {
    url: database.url,
    stop: async () => {
      isStopping = true;
      await restarting;
      await database.stop();
    },
  };
}
