// Brings a batch of rows to the destination: in requests as large as it takes, again while it is busy, in halves when
// it refuses a whole request, until every row is shipped or set aside, or time is up.
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs, newId, ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';
import type { SiemTarget } from './config.ts';
import { type AuditRow, encodeRow, judge, LIMITS, toRequest, type Verdict } from './wire.ts';

export type Refusal = { row: AuditRow; status: number; reason: string };
export type Delivery = {
  shipped: Set<string>;
  refused: Refusal[];
  /** Why rows are left; null when none are. */
  error: string | null;
};
export type DeliverOptions = {
  client: OutboundClient;
  signal: AbortSignal;
  /** Tries of one request that is put off, dropped or not answered. */
  maxTries: number;
  requestTimeoutMs: number;
  /** Of the first pause between tries. */
  firstPauseMs: number;
};

type Piece = { row: AuditRow; text: string };

/** So many rows may be refused before anything was taken, until it is asked whether anything is taken at all. */
const MAX_UNPROVEN = 8;
const nothingYet = (): Delivery => ({ shipped: new Set(), refused: [], error: null });
const piecesOf = (target: SiemTarget, rows: readonly AuditRow[]): Piece[] => {
  const nowMs = Date.now();
  return rows.map((row) => ({ row, text: encodeRow(target, row, nowMs) }));
};

/**
 * Rows are refused for good only by a destination that takes others: of rows of this delivery or, when it took none of
 * them, a test event. An index that is closed or unknown answers 400 to everything, and then nothing is set aside.
 */
export async function deliver(
  target: SiemTarget,
  rows: readonly AuditRow[],
  options: DeliverOptions,
): Promise<Delivery> {
  const done = nothingYet();
  const queue = inRequests(target, piecesOf(target, rows));
  let tookTest = false;
  const isDoubtful = () => !tookTest && done.shipped.size === 0 && done.refused.length > 0;
  const stopped = (error: string): Delivery => ({ ...done, refused: isDoubtful() ? [] : done.refused, error });
  while (queue.length > 0) {
    const { left, verdict } = await sendUntilSettled(target, queue.shift()!, options, done);
    if (left.length > 1 && verdict.kind === 'split') {
      const half = Math.ceil(left.length / 2);
      queue.unshift(left.slice(0, half), left.slice(half));
      continue;
    }
    if (left.length > 0 && verdict.kind !== 'split') return stopped(whyLeft(verdict, left.length));
    if (left.length > 0 && verdict.kind === 'split')
      done.refused.push({ row: left[0]!.row, status: verdict.status, reason: verdict.reason });
    if (!isDoubtful() || (queue.length > 0 && done.refused.length < MAX_UNPROVEN)) continue;
    const whyNot = await sendTestEvent(target, options);
    if (whyNot !== null) return stopped(`nothing is taken, not even a test event: ${whyNot}`);
    tookTest = true;
  }
  return done;
}

/** One event of the installation's own. Null: it was taken; else why it was not. */
export async function sendTestEvent(target: SiemTarget, options: DeliverOptions): Promise<string | null> {
  const done = nothingYet();
  const { left, verdict } = await sendUntilSettled(target, piecesOf(target, [testEvent(target)]), options, done);
  if (left.length > 0) return whyLeft(verdict, 1);
  return done.refused[0]?.reason ?? null;
}

const testEvent = ({ backend }: SiemTarget): AuditRow => ({
  ...{ id: newId(), tx: '0', tenantId: '', tenant: '', at: new Date().toISOString(), requestId: '' },
  ...{ actorKind: 'system', actorId: 'system:siemShip', action: 'siem.test', outcome: 'done' },
  ...{ targetKind: 'siem', targetId: backend, beforeDigest: null, afterDigest: null, details: {} },
});

const whyLeft = (verdict: Verdict, rows: number): string =>
  verdict.kind === 'rows' ? `${rows} rows were put off again and again` : verdict.reason;

function inRequests({ backend }: SiemTarget, pieces: Piece[]): Piece[][] {
  const { maxBytes, maxRows } = LIMITS[backend];
  const parts: Piece[][] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const size = Buffer.byteLength(piece.text) + 1;
    const last = parts.at(-1);
    if (last && last.length < maxRows && bytes + size <= maxBytes) {
      last.push(piece);
      bytes += size;
    } else {
      parts.push([piece]);
      bytes = size;
    }
  }
  return parts;
}

/** Tries again what was put off; returns what no try of it can settle. */
async function sendUntilSettled(target: SiemTarget, part: Piece[], options: DeliverOptions, done: Delivery) {
  let left = part;
  let verdict: Verdict = { kind: 'retry', afterMs: null, reason: 'not sent' };
  for (let tries = 1; tries <= options.maxTries; tries += 1) {
    verdict = await sendOnce(target, left, options);
    if (verdict.kind === 'rows') {
      left = settle(left, verdict, done);
      if (left.length === 0) break;
    } else if (verdict.kind !== 'retry') break;
    if (tries < options.maxTries) await pause(verdict, tries, options);
  }
  return { left, verdict };
}

function settle(sent: Piece[], verdict: Extract<Verdict, { kind: 'rows' }>, done: Delivery): Piece[] {
  return sent.filter(({ row }, index) => {
    const said = verdict.rows[index]!;
    if (said.kind === 'shipped') done.shipped.add(row.id);
    if (said.kind === 'refused') done.refused.push({ row, status: said.status, reason: said.reason });
    return said.kind === 'retry';
  });
}

async function sendOnce(target: SiemTarget, part: Piece[], options: DeliverOptions): Promise<Verdict> {
  const request = toRequest(
    target,
    part.map(({ text }) => text),
  );
  try {
    const answer = await options.client.request({
      ...{ ...request, method: 'POST', trust: 'operator', signal: options.signal },
      ...{ deadlineMs: options.requestTimeoutMs, maxResponseBytes: 5_000_000 },
    });
    return judge(target.backend, { ...answer, body: answer.body.toString('utf8') }, part.length);
  } catch (error) {
    options.signal.throwIfAborted();
    // Whether it was taken nobody knows: it is sent again, and a row may arrive twice.
    if (!(error instanceof ServiceError)) throw error;
    if (error.code === 'ADDRESS_REFUSED') return { kind: 'stop', reason: error.message };
    return { kind: 'retry', afterMs: null, reason: error.message };
  }
}

const MAX_PAUSE_SECONDS = 30;

/** As long as the destination asks for, within bounds, else longer with each try. */
async function pause(verdict: Verdict, tries: number, { firstPauseMs, signal }: DeliverOptions): Promise<void> {
  const asked = verdict.kind === 'retry' ? verdict.afterMs : null;
  const ownMs = backoffMs({ initialSeconds: firstPauseMs / 1_000, factor: 2, maxSeconds: MAX_PAUSE_SECONDS }, tries);
  await sleep(Math.min(MAX_PAUSE_SECONDS * 1_000, asked ?? ownMs), undefined, { signal }).catch(() => {
    signal.throwIfAborted();
  });
}
