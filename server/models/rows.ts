// Rows of models and versions, and what is shown of them.
import { type SQL, sql } from '#db/drizzle.ts';
import type { ModelDefinition, ModelKind, ModelMetrics, ModelVersionStatus } from '#db/schema/index.ts';
import { query, ServiceError, type Tx } from '#server/lib/index.ts';
import { LOST_AFTER_MINUTES } from './limits.ts';
import type { Model } from './schemas.ts';

export type ModelRow = {
  id: string;
  name: string;
  kind: ModelKind;
  sourceTable: string;
  features: string[];
  label: string;
  positive: string;
  negative: string;
  cron: string | null;
  timezone: string | null;
  nextAt: string | null;
  liveVersion: number | null;
  latestVersion: number;
  revision: number;
  createdBy: string;
  updatedBy: string;
  updatedAt: string;
};
export const MODEL_COLUMNS = sql`m.id, m.name, m.kind, m.source_table as "sourceTable", m.features, m.label, m.positive,
  m.negative, m.cron, m.timezone, m.next_at as "nextAt", m.live_version as "liveVersion",
  m.latest_version as "latestVersion", m.revision, m.created_by as "createdBy", m.updated_by as "updatedBy",
  m.updated_at as "updatedAt"`;

const LOST = 'its process stopped before the end';
/** A training whose process is gone, where no other training has said so yet, is shown as what it is. */
export const isLost = (table: SQL) =>
  sql`(${table}.status = 'training' and ${table}.started_at < now() - make_interval(mins => ${LOST_AFTER_MINUTES}))`;
export const statusOf = (table: SQL) => sql`case when ${isLost(table)} then 'failed' else ${table}.status end`;
export const reasonOf = (table: SQL) => sql`case when ${isLost(table)} then ${LOST}::text else ${table}.reason end`;
export const LOST_REASON = LOST;

export const toIso = (text: string) => new Date(text).toISOString();
export const toIsoOrNull = (text: string | null) => (text === null ? null : toIso(text));

export const definitionOf = (row: ModelRow): ModelDefinition => ({
  ...{ kind: row.kind, sourceTable: row.sourceTable, features: row.features },
  ...{ label: row.label, positive: row.positive, negative: row.negative },
});

/** @throws ServiceError MODEL_NOT_FOUND */
export async function lockModel(tx: Tx, tenantId: string, id: string): Promise<ModelRow> {
  const [row] = await query<ModelRow>(
    tx,
    sql`select ${MODEL_COLUMNS} from models m where m.tenant_id = ${tenantId} and m.id = ${id} for update`,
  );
  if (!row) throw noModel(id);
  return row;
}

export const noModel = (id: string) => new ServiceError('MODEL_NOT_FOUND', `no model ${id}`);

export type ShownRow = ModelRow & {
  liveMetrics: ModelMetrics | null;
  liveTrainedAt: string | null;
  lastVersion: number | null;
  lastStatus: ModelVersionStatus | null;
  lastReason: string | null;
  lastStartedAt: string | null;
};

/** Models with their live and their latest version. */
export function readModels(tx: Tx, tenantId: string, where: SQL): Promise<ShownRow[]> {
  return query<ShownRow>(
    tx,
    sql`select ${MODEL_COLUMNS}, live.metrics as "liveMetrics", live.trained_at as "liveTrainedAt",
        last.version as "lastVersion", ${statusOf(sql`last`)} as "lastStatus", ${reasonOf(sql`last`)} as "lastReason",
        last.started_at as "lastStartedAt"
      from models m
      left join model_versions live
        on live.tenant_id = m.tenant_id and live.model_id = m.id and live.version = m.live_version
      left join model_versions last
        on last.tenant_id = m.tenant_id and last.model_id = m.id and last.version = m.latest_version
      where m.tenant_id = ${tenantId} and ${where} order by m.name`,
  );
}

/** `trainsAt`: of what readTrainTimes gives. */
export function toModel(row: ShownRow, trainsAt: (dueAt: Date) => Date | null): Model {
  const { cron, timezone, liveMetrics, lastStatus } = row;
  return {
    ...{ id: row.id, name: row.name, ...definitionOf(row) },
    schedule: cron === null ? null : { cron, timezone: timezone ?? 'UTC' },
    nextAt: toIsoOrNull(row.nextAt),
    trainsAt: row.nextAt === null ? null : (trainsAt(new Date(row.nextAt))?.toISOString() ?? null),
    state: stateOf(row),
    revision: row.revision,
    live:
      row.liveVersion === null || row.liveTrainedAt === null
        ? null
        : {
            ...{ version: row.liveVersion, auc: liveMetrics?.auc ?? null, logLoss: liveMetrics?.logLoss ?? 0 },
            trainedAt: toIso(row.liveTrainedAt),
          },
    last:
      row.lastVersion === null || lastStatus === null || row.lastStartedAt === null
        ? null
        : {
            ...{ version: row.lastVersion, status: lastStatus, reason: row.lastReason },
            startedAt: toIso(row.lastStartedAt),
          },
    ...{ createdBy: row.createdBy, updatedBy: row.updatedBy, updatedAt: toIso(row.updatedAt) },
  };
}

function stateOf({ lastStatus, liveVersion }: ShownRow): Model['state'] {
  if (lastStatus === 'training' || lastStatus === 'failed') return lastStatus;
  if (liveVersion !== null) return 'live';
  return lastStatus === null ? 'untrained' : 'refused';
}
