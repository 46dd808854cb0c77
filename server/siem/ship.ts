// Ships the audit log to its destination, batch after batch, until caught up or out of time.
import { type JobContext, startBudget } from '#server/jobs/index.ts';
import { transaction } from '#server/lib/index.ts';
import type { SiemConfig } from './config.ts';
import {
  adoptRequeued,
  movePosition,
  noteError,
  noteShipped,
  openPosition,
  type Position,
  readAfter,
  readRequeued,
  rewind,
  setAside,
  takeBack,
} from './cursor.ts';
import { type DeliverOptions, type Delivery, deliver } from './deliver.ts';
import { refusedTotal, shippedTotal } from './metrics.ts';
import type { AuditRow } from './wire.ts';

type Target = Exclude<SiemConfig, { skipped: string }>;
export type Shipping = { shipped: number; refused: number; rowsScanned: number; error: string | null };

const BATCH_ROWS = 500;
/** No new batch is begun after this: the job ends before the next is due. Unit: milliseconds. */
const ENOUGH_MS = 210_000;

export const DELIVERY: Omit<DeliverOptions, 'client' | 'signal'> = {
  ...{ maxTries: 5, requestTimeoutMs: 30_000, firstPauseMs: 1_000 },
};

type ShipOptions = { replayFrom?: Date; delivery?: typeof DELIVERY };

/** What was sent back from quarantine first, then what is new. `replayFrom`: everything since then once more. */
export async function shipAudit(ctx: JobContext, target: Target, options: ShipOptions = {}): Promise<Shipping> {
  const total: Shipping = { shipped: 0, refused: 0, rowsScanned: 0, error: null };
  const isOver = startBudget(ENOUGH_MS);
  let position = await inFence(ctx, async (tx) => {
    await openPosition(tx, target);
    if (options.replayFrom) await rewind(tx, target, options.replayFrom);
    await adoptRequeued(tx, target);
    return openPosition(tx, target);
  });
  while (!isOver() && (await shipRequeued(ctx, target, options, total)));
  while (total.error === null && !isOver()) {
    ctx.signal.throwIfAborted();
    const rows = await transaction(ctx.pool, {}, (tx) => readAfter(tx, position, BATCH_ROWS));
    if (rows.length === 0) break;
    total.rowsScanned += rows.length;
    const delivery = await deliver(target, rows, deliveryOf(ctx, target, options));
    ctx.failPoint('siemShip.sent');
    const settled = await settle(ctx, target, { rows, delivery, position });
    position = settled.to;
    total.shipped += settled.shipped;
    total.refused += settled.refused;
    total.error = delivery.error;
    ctx.failPoint('siemShip.moved');
  }
  shippedTotal.inc(total.shipped);
  refusedTotal.inc(total.refused);
  return total;
}

const deliveryOf = (ctx: JobContext, target: Target, { delivery = DELIVERY }: ShipOptions): DeliverOptions => ({
  ...delivery,
  client: target.client,
  signal: ctx.signal,
});

/** A batch of rows that somebody took back from quarantine. False: there is no more, or the destination takes none. */
async function shipRequeued(ctx: JobContext, target: Target, options: ShipOptions, total: Shipping): Promise<boolean> {
  ctx.signal.throwIfAborted();
  const rows = await transaction(ctx.pool, {}, (tx) => readRequeued(tx, target, BATCH_ROWS));
  if (rows.length === 0) return false;
  const delivery = await deliver(target, rows, deliveryOf(ctx, target, options));
  await inFence(ctx, async (tx) => {
    await takeBack(
      tx,
      target,
      rows.filter(({ id }) => delivery.shipped.has(id)),
    );
    await setAside(tx, target, delivery.refused);
    await noteShipped(tx, target, delivery.shipped.size);
    if (delivery.error !== null) await noteError(tx, target, delivery.error);
  });
  total.rowsScanned += rows.length;
  total.shipped += delivery.shipped.size;
  total.refused += delivery.refused.length;
  total.error = delivery.error;
  return delivery.error === null;
}

/** The position stops before the first row that is not settled; those after it are sent again, and counted then. */
async function settle(
  ctx: JobContext,
  target: Target,
  { rows, delivery, position }: { rows: AuditRow[]; delivery: Delivery; position: Position },
): Promise<{ to: Position; shipped: number; refused: number }> {
  const refused = new Map(delivery.refused.map((one) => [one.row.id, one]));
  const open = rows.findIndex((row) => !delivery.shipped.has(row.id) && !refused.has(row.id));
  const settled = open < 0 ? rows : rows.slice(0, open);
  const last = settled.at(-1);
  const to = last ? { tx: last.tx, auditId: last.id } : position;
  const inReach = settled.filter((row) => refused.has(row.id)).map((row) => refused.get(row.id)!);
  const shipped = settled.length - inReach.length;
  await inFence(ctx, async (tx) => {
    if (last) await movePosition(tx, target, { to, shipped, refused: inReach });
    // A replay may have brought what was refused before.
    await takeBack(
      tx,
      target,
      settled.filter((row) => !refused.has(row.id)),
    );
    if (delivery.error !== null) await noteError(tx, target, delivery.error);
  });
  return { to, shipped, refused: inReach.length };
}

const inFence = <T>(ctx: JobContext, run: Parameters<typeof transaction<T>>[2]): Promise<T> =>
  transaction(ctx.pool, {}, async (tx) => {
    await ctx.fence(tx);
    return run(tx);
  });
