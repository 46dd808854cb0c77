// Keeps the coming months' partitions made while the worker runs for months: rows of a month without one land in
// the default partition and stay there. Partitions are the owner's to make, so this opens its connection for it.
import { openPool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';

const DAY_MS = 86_400_000;
const MONTHS_BACK = 1;
const MONTHS_AHEAD = 6;

export type PartitionsConfig = { ownerUrl: string; log: Logger };

export function partitionKeeper(config: PartitionsConfig) {
  let timer: NodeJS.Timeout | undefined;

  /** How many it made. */
  async function runOnce(): Promise<number> {
    const pool = openPool({ url: config.ownerUrl, max: 1, applicationName: 'mainspring partitions' });
    try {
      const [row] = await pool<
        { made: number }[]
      >`select ms_ensure_partitions(${MONTHS_BACK}, ${MONTHS_AHEAD}) as made`;
      return row?.made ?? 0;
    } finally {
      await pool.end({ timeout: 5 });
    }
  }

  return {
    runOnce,
    start() {
      timer = setInterval(() => {
        runOnce().catch((error: unknown) =>
          logError(config.log, error, 'partitions could not be made; next try tomorrow'),
        );
      }, DAY_MS);
      timer.unref();
    },
    stop: () => clearInterval(timer),
  };
}
