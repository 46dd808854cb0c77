import type { Pool } from '#db/client.ts';
import { counter, gauge, transaction } from '#server/lib/index.ts';
import type { SiemConfig } from './config.ts';
import { unshippedSeconds } from './cursor.ts';

export const shippedTotal = counter('siem_shipped_total', 'Audit rows that the destination has accepted');
export const refusedTotal = counter('siem_quarantined_total', 'Audit rows that the destination refused for good');

/**
 * Has the age of the oldest row that is not shipped looked up whenever metrics are asked for: it grows also while no
 * job runs, which is when somebody has to be told. Nothing where nothing is shipped. Once a process.
 */
export function observeUnshipped(pool: Pool, siem: SiemConfig): void {
  if ('skipped' in siem) return;
  const age = gauge(
    'siem_unshipped_age_seconds',
    'Age of the oldest audit row that is not shipped yet',
    [],
    async () => {
      try {
        age.set(await transaction(pool, { statementTimeoutMs: 2_000 }, (tx) => unshippedSeconds(tx, siem)));
      } catch {
        // No figure is honest; a stale one is not, and the other metrics must still be served.
        age.remove();
      }
    },
  );
}
