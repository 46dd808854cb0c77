import { type SQL, sql } from '#db/drizzle.ts';
import type {
  ModelCurves,
  ModelDefinition,
  ModelMetrics,
  ModelParameters,
  ModelSplit,
  ModelVersionStatus,
  TrainingPhase,
} from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { decodeCursor, query, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { definitionOf, isLost, lockModel, noModel, reasonOf, statusOf, toIso, toIsoOrNull } from './rows.ts';
import type { ListVersionsInput, ModelVersion, ModelVersionDetail, PromoteInput } from './schemas.ts';

type Row = {
  version: number;
  status: ModelVersionStatus;
  phase: TrainingPhase | null;
  isLive: boolean;
  wasLive: boolean;
  promoted: boolean | null;
  reason: string | null;
  metrics: ModelMetrics | null;
  trainingRows: string | null;
  holdoutRows: string | null;
  definition: ModelDefinition;
  trainedBy: string;
  startedAt: string;
  trainedAt: string | null;
};
type DetailRow = Row & {
  split: ModelSplit | null;
  parameters: ModelParameters | null;
  curves: ModelCurves | null;
  promotions: { promotedAt: string; promotedBy: string; reason: string; before: number | null }[];
};

const columns = sql`v.version, ${statusOf(sql`v`)} as status,
  case when ${statusOf(sql`v`)} = 'training' then v.phase end as phase, (v.version is not distinct from m.live_version) as "isLive",
  exists (select 1 from model_promotions was where was.tenant_id = v.tenant_id and was.model_id = v.model_id
    and was.version = v.version) as "wasLive",
  case when ${isLost(sql`v`)} then false else v.promoted end as promoted, ${reasonOf(sql`v`)} as reason, v.metrics,
  v.training_rows as "trainingRows", v.holdout_rows as "holdoutRows", v.definition, v.trained_by as "trainedBy",
  v.started_at as "startedAt", v.trained_at as "trainedAt"`;

const readVersions = <T extends Row>(tx: Tx, tenantId: string, more: SQL, where: SQL) =>
  query<T>(
    tx,
    sql`select ${columns} ${more} from model_versions v
      join models m on m.tenant_id = v.tenant_id and m.id = v.model_id
      where v.tenant_id = ${tenantId} and ${where}`,
  );

/** A model's versions, newest first. @throws ServiceError MODEL_NOT_FOUND */
export function listVersions(ctx: Ctx, { id, limit, cursor }: ListVersionsInput) {
  const before = cursor === undefined ? null : Number(decodeCursor(cursor, 1)[0]);
  if (before !== null && !(Number.isInteger(before) && Math.abs(before) < 2 ** 31))
    throw new ServiceError('INPUT_INVALID', 'cursor is not one this list gave out; leave it away to start at the top');
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const known = await query(tx, sql`select 1 from models where tenant_id = ${tenantId} and id = ${id}`);
    if (known.length === 0) throw noModel(id);
    const older = before === null ? sql`true` : sql`v.version < ${before}`;
    const where = sql`v.model_id = ${id} and ${older} order by v.version desc limit ${limit + 1}`;
    const page = toPage(await readVersions<Row>(tx, tenantId, sql``, where), limit, (row) => [String(row.version)]);
    return { items: page.items.map(toVersion), nextCursor: page.nextCursor };
  });
}

/** One version with its curves and parameters. @throws ServiceError MODEL_VERSION_NOT_FOUND */
export function getVersion(ctx: Ctx, { id, version }: { id: string; version: number }): Promise<ModelVersionDetail> {
  return withTransaction(ctx, async (tx) => {
    const promotions = sql`, v.split, v.parameters, v.curves, (
      select coalesce(json_agg(json_build_object('promotedAt', p.promoted_at, 'promotedBy', p.promoted_by,
          'reason', p.reason, 'before', p.before_version) order by p.id desc), '[]')
      from (select * from model_promotions p where p.tenant_id = v.tenant_id and p.model_id = v.model_id
        and p.version = v.version order by p.id desc limit 20) p) as promotions`;
    const where = sql`v.model_id = ${id} and v.version = ${version}`;
    const [row] = await readVersions<DetailRow>(tx, ctx.tenant.id, promotions, where);
    if (!row) throw noVersion(id, version);
    const { sourceTable, features, label, positive, negative } = row.definition;
    return {
      ...{ ...toVersion(row), sourceTable, features, label, positive, negative },
      ...{ split: row.split, parameters: row.parameters, curves: row.curves },
      promotions: row.promotions.map((one) => ({ ...one, promotedAt: toIso(one.promotedAt) })),
    };
  });
}

/**
 * Puts a trained version live, also an earlier one.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND, MODEL_VERSION_WORSE saying by how much,
 * MODEL_VERSION_OTHER saying in what
 */
export function promoteVersion(ctx: Ctx, { id, version, reason, acceptWorse, acceptOther }: PromoteInput) {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const model = await lockModel(tx, tenantId, id);
    const { liveVersion, name } = model;
    const rows = await readVersions<Row>(
      tx,
      tenantId,
      sql``,
      sql`v.model_id = ${id} and v.status = 'ready' and v.version in (${version}, ${liveVersion ?? version})`,
    );
    const chosen = rows.find((row) => row.version === version);
    if (!chosen) throw noVersion(id, version);
    const live = rows.find((row) => row.isLive) ?? null;
    const other = otherThan(chosen, live, definitionOf(model));
    if (other !== null && !acceptOther) throw new ServiceError('MODEL_VERSION_OTHER', other);
    // Answers to two questions are not better or worse than each other.
    const worse = warningOf(chosen, other === null ? live : null);
    if (worse !== null && !acceptWorse) throw new ServiceError('MODEL_VERSION_WORSE', worse);
    const warning = other !== null && worse !== null ? `${other}; ${worse}` : (other ?? worse);
    if (liveVersion !== version) {
      await tx.execute(sql`update models set live_version = ${version} where tenant_id = ${tenantId} and id = ${id}`);
      await tx.execute(sql`insert into model_promotions (tenant_id, model_id, version, before_version, reason, promoted_by)
        values (${tenantId}, ${id}, ${version}, ${liveVersion}, ${reason}, ${actorName(ctx.actor)})`);
    }
    await recordAudit(tx, ctx, {
      ...{ action: 'model.promote', targetKind: 'model', targetId: id },
      details: { name, version, before: liveVersion, reason, warning },
    });
    return { id, version, warning };
  });
}

const QUESTION = {
  sourceTable: 'table',
  label: 'label',
  positive: 'positive class',
  negative: 'negative class',
} as const;

/** In what the version answers another question than callers are answered now, or, when they are not, than the model asks. */
function otherThan({ version, definition }: Row, live: Row | null, asked: ModelDefinition): string | null {
  if (version === live?.version) return null;
  const now = live?.definition ?? asked;
  const differing = (Object.keys(QUESTION) as (keyof typeof QUESTION)[]).filter((one) => definition[one] !== now[one]);
  if (differing.length === 0) return null;
  const inWords = differing.map((one) => `its ${QUESTION[one]} is "${definition[one]}" and not "${now[one]}"`);
  const than = live === null ? 'the model asks now' : `version ${live.version}, which is live`;
  return `version ${version} answers another question than ${than}: ${inWords.join(', ')}`;
}

const nats = (value: number) => value.toPrecision(4);

/** How the version is worse than what is live now, in words; null when it is not known to be. */
function warningOf(chosen: Row, live: Row | null): string | null {
  const mine = chosen.metrics;
  if (mine === null || chosen.version === live?.version) return null;
  if (live === null) {
    const isNotBetter = mine.gain <= 2 * mine.gainError;
    return isNotBetter
      ? `version ${chosen.version} is not better than the majority class: its log loss is ${nats(mine.logLoss)}, and that of the majority class ${nats(mine.baseline.logLoss)}`
      : null;
  }
  const theirs = live.metrics;
  const than = (a: number, b: number, where: string) =>
    `version ${chosen.version} is worse than version ${live.version}, which is live: ${where} their log losses are ${nats(a)} and ${nats(b)}`;
  const onSame = 'on the same hold-out';
  if (mine.live?.version === live.version)
    return mine.live.gain < 0 ? than(mine.logLoss, mine.live.logLoss, onSame) : null;
  if (theirs?.live?.version === chosen.version)
    return theirs.live.gain > 0 ? than(theirs.live.logLoss, theirs.logLoss, onSame) : null;
  // On rows of different days: against what the majority class had there.
  return theirs && mine.gain < theirs.gain
    ? than(mine.logLoss, theirs.logLoss, 'each on the hold-out of its own')
    : null;
}

const noVersion = (id: string, version: number) =>
  new ServiceError('MODEL_VERSION_NOT_FOUND', `model ${id} has no trained version ${version}`);

function toVersion(row: Row): ModelVersion {
  const { definition, trainingRows, holdoutRows } = row;
  return {
    ...{ version: row.version, status: row.status, phase: row.phase, isLive: row.isLive, wasLive: row.wasLive },
    ...{ promoted: row.promoted, reason: row.reason, metrics: row.metrics },
    trainingRows: trainingRows === null ? null : Number(trainingRows),
    holdoutRows: holdoutRows === null ? null : Number(holdoutRows),
    ...{ kind: definition.kind, trainedBy: row.trainedBy },
    ...{ startedAt: toIso(row.startedAt), trainedAt: toIsoOrNull(row.trainedAt) },
  };
}
