// Erases one subject: pass after pass over the inventory and the files, until a pass finds nothing. What was committed
// before that pass began is gone then; the receipt names that instant. Every step is a transaction that keeps its counts.
// Only a pass that one go made from its beginning to its end completes a request, or one whose time was over and that
// was continued at once: after a refusal, a failure or a death, days may have passed, and the next go begins anew.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from '#db/drizzle.ts';
import type { DsarProgress } from '#db/schema/index.ts';
import { sweepUnfinished } from '#server/files/index.ts';
import type { JobTenant } from '#server/jobs/index.ts';
import { logError, query, type Tx, transaction } from '#server/lib/index.ts';
import { BATCH_ROWS, MAX_PASSES, PUBLISH_POLL_MS, PUBLISH_WAIT_MS } from './config.ts';
import { type DsarDeps, inTenant } from './deps.ts';
import { eraseBatch } from './erase-batch.ts';
import { eraseBlobs } from './erase-blobs.ts';
import { eraseFiles, isExportUnderWay, settleFile } from './erase-files.ts';
import { completeErasure } from './finish.ts';
import { INVENTORY } from './inventory.ts';
import { erasureStep, isRequest, type OpenRow, type Outcome, openRequest, waits } from './open-request.ts';
import { handOn, keepProgress, mayContinue, newPass } from './progress.ts';
import { expireBundlesOf, pruneBundles } from './prune-bundles.ts';
import { noteWriters, waitForWriters } from './writers.ts';

/** One erasure under way. */
export type Erasure = { deps: DsarDeps; tenant: JobTenant; request: OpenRow };

/**
 * Carries out an erasure, as far as it gets.
 * @throws what went wrong; the request stays as it is, for another go.
 */
export async function eraseSubject(deps: DsarDeps, tenant: JobTenant, requestId: string): Promise<Outcome> {
  const opened = await openRequest(deps, tenant, requestId);
  if ('outcome' in opened) return opened.outcome;
  const erasure: Erasure = { deps, tenant, request: opened.request };
  deps.failPoint('dsar.opened');
  const earlier = await takeUp(erasure);
  if ('outcome' in earlier) return earlier.outcome;
  let { pass, progress } = earlier.done;
  let hasWaited = false;
  for (let passes = 0; passes < MAX_PASSES; passes += 1) {
    if (!progress) {
      const noted = await noteWriters(erasure);
      if ('outcome' in noted) return noted.outcome;
      deps.failPoint('dsar.writers');
      const left = await waitForWriters(erasure, noted.done);
      if (left !== null) return leave(erasure, left);
      pass += 1;
      const begun = await beginPass(erasure, pass);
      if ('outcome' in begun) return begun.outcome;
      progress = begun.done;
    }
    const ended = await onePass(erasure, progress);
    if ('outcome' in ended) return ended.outcome;
    if (ended.done.waiting > 0) {
      if (hasWaited) return leave(erasure, unpublished(ended.done));
      hasWaited = true;
      if (!(await waitForPublishing(erasure))) return leave(erasure, unpublished(ended.done));
    } else if (ended.done.found === 0) return completeErasure(erasure, ended.done);
    progress = null;
  }
  return leave(erasure, 'the subject’s records keep coming in; the next pass goes on');
}

const EXPORT = 'an export of this tenant is being written; its files are searched after it';

type Step<T> = { done: T } | { outcome: Outcome };

/**
 * What an earlier go has left: a pass to continue, or the number of its last. A file that was noted for rewriting when
 * that go ended may have been rewritten: it is counted by what was noted then.
 */
async function takeUp(erasure: Erasure): Promise<Step<{ pass: number; progress: DsarProgress | null }>> {
  const { deps, tenant, request } = erasure;
  const left = request.progress;
  if (!left) return { done: { pass: 0, progress: null } };
  if (await transaction(deps.pool, { tenantId: tenant.id }, (tx) => mayContinue(tx, left)))
    return { done: { pass: left.pass, progress: left } };
  const settled = await settleFile(erasure, left);
  return 'outcome' in settled ? settled : { done: { pass: left.pass, progress: null } };
}

const beginPass = ({ deps, tenant, request }: Erasure, pass: number): Promise<Step<DsarProgress>> =>
  erasureStep(deps, tenant, request.id, async (tx) => {
    const progress = await newPass(tx, pass);
    await tx.execute(sql`update dsar_requests set progress = ${JSON.stringify(progress)}::text::jsonb, kept = '{}', possible = '{}'
      where ${isRequest(tenant.id, request.id)}`);
    return progress;
  });

/** Goes over all stores from where `from` is. */
async function onePass(erasure: Erasure, from: DsarProgress): Promise<Step<DsarProgress>> {
  const { deps, tenant, request } = erasure;
  let progress = from;
  while (progress.store < INVENTORY.length) {
    deps.signal.throwIfAborted();
    if (deps.isOver?.()) return { outcome: await handOn(erasure, progress) };
    const at = progress;
    const step = await erasureStep(deps, tenant, request.id, (tx) => batchOf(tx, erasure, at));
    if ('outcome' in step) return step;
    deps.failPoint('dsar.batch');
    progress = step.done;
  }
  await eraseBlobs(erasure);
  deps.failPoint('dsar.blobs');
  // Before the first file and after the last row went: what is planned from here on reads what is left.
  const isAtFirst = progress.after === null && progress.file === null;
  if (isAtFirst && (await isExportUnderWay(deps.pool, tenant.id))) return { outcome: await leave(erasure, EXPORT) };
  if (isAtFirst) await sweepLeavings(erasure);
  const files = await eraseFiles(erasure, progress);
  if ('outcome' in files) return files;
  deps.failPoint('dsar.files');
  await inTenant(deps, tenant.id, (tx) => expireBundlesOf(tx, request));
  await pruneBundles(deps, tenant.id);
  return files;
}

/** What dead writers have left is not seen by a key. A store that refuses is the cleanup's to tell: it sweeps daily. */
async function sweepLeavings({ deps, tenant }: Erasure): Promise<void> {
  try {
    await sweepUnfinished(deps.blobs, tenant.id);
  } catch (error) {
    logError(deps.log, error, 'unfinished blobs could not be deleted before an erasure', { tenantId: tenant.id });
  }
}

async function batchOf(tx: Tx, { deps, tenant, request }: Erasure, at: DsarProgress): Promise<DsarProgress> {
  const store = INVENTORY[at.store]!;
  const scope = { tenantId: tenant.id, requestId: request.id, subject: { customerId: request.customerId }, store };
  const { erased, kept, possible, waiting, upTo } = await eraseBatch(tx, scope, at.after, deps.batchRows ?? BATCH_ROWS);
  deps.failPoint('dsar.deleted');
  const next: DsarProgress = {
    ...at,
    ...(upTo === null ? { store: at.store + 1, after: null } : { after: upTo }),
    found: at.found + erased,
    waiting: at.waiting + waiting,
  };
  await keepProgress(tx, request, next, {
    counts: { [store.table]: erased },
    kept: { [store.table]: kept },
    possible: { [store.table]: possible },
  });
  return next;
}

/** Leaves the request open; the next go begins with a new pass. */
async function leave({ deps, tenant, request }: Erasure, why: string): Promise<Outcome> {
  const step = await erasureStep(deps, tenant, request.id, (tx) => waits(tx, request, why));
  return 'done' in step ? step.done.outcome : step.outcome;
}

const unpublished = ({ waiting }: DsarProgress) =>
  `${waiting} ${waiting === 1 ? 'event of the subject is' : 'events of the subject are'} still to be published`;

/** False: events of the subject's own key are still to be published after the wait. */
async function waitForPublishing({ deps, tenant, request }: Erasure): Promise<boolean> {
  const endAt = performance.now() + (deps.publishWaitMs ?? PUBLISH_WAIT_MS);
  for (;;) {
    // Every unfinished row of a lane lies above its low-water.
    const [first] = await transaction(deps.pool, { tenantId: tenant.id }, (tx) =>
      query(
        tx,
        sql`select 1 as one from outbox_events e join outbox_lanes l on l.lane = e.lane
          where e.lane = outbox_lane(${tenant.id}::uuid, ${request.customerId}::text)
            and e.seq > l.low_water and e.tenant_id = ${tenant.id} and e.key = ${request.customerId}
            and e.status in ('pending', 'processing') limit 1`,
      ),
    );
    if (!first) return true;
    if (performance.now() >= endAt || deps.isOver?.()) return false;
    await sleep(PUBLISH_POLL_MS, undefined, { signal: deps.signal });
  }
}
