import { sql } from '#db/drizzle.ts';
import { adoptsVersionOf } from '#server/approvals/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { query, type Tx } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { PlanAction } from './schemas.ts';

/** The pipeline of a document's name, and how far it says the same already. */
export type Here = {
  id: string;
  latestVersion: number;
  liveVersion: number | null;
  latest: unknown;
  live: unknown;
  /** Who saved the latest version, as the audit log names them. */
  latestBy: string;
  /** The latest version says what the document says. */
  isLatest: boolean;
  /** The live version does; false when none is live. */
  isPublished: boolean;
};

/** jsonb compares what is said, not how it is written. */
export async function findHere(tx: Tx, tenantId: string, document: PipelineDocument): Promise<Here | null> {
  const wanted = sql`${JSON.stringify(document)}::jsonb`;
  const [row] = await query<Here>(
    tx,
    sql`select p.id, p.latest_version as "latestVersion", p.live_version as "liveVersion", latest.ir as latest, live.ir as live,
        latest.created_by as "latestBy",
        latest.ir = ${wanted} as "isLatest", coalesce(live.ir = ${wanted}, false) as "isPublished"
      from pipelines p
      join pipeline_versions latest
        on latest.tenant_id = ${tenantId} and latest.pipeline_id = p.id and latest.version = p.latest_version
      left join pipeline_versions live
        on live.tenant_id = ${tenantId} and live.pipeline_id = p.id and live.version = p.live_version
      where p.tenant_id = ${tenantId} and p.name = ${document.metadata.name}`,
  );
  return row ?? null;
}

/** Nothing that is said here differs: what is saved, and what is live where anything is. */
export const isInSync = ({
  isLatest,
  isPublished,
  liveVersion,
}: Pick<Here, 'isLatest' | 'isPublished' | 'liveVersion'>) => isLatest && (isPublished || liveVersion === null);

/**
 * Whether a version is saved anew by whoever makes it live, because nobody knows who saved it, and nobody could ask for
 * its approval else. What does not go live needs nobody's approval: it is left as it is.
 */
export const isAdopted = async (
  tx: Tx,
  ctx: Ctx,
  here: Pick<Here, 'isLatest' | 'isPublished' | 'latestBy'> | null,
  publish: boolean,
): Promise<boolean> =>
  publish && here?.isLatest === true && !here.isPublished && (await adoptsVersionOf(tx, ctx, here.latestBy));

/** What makes a pipeline say what the document says; with `publish`, live too. `isAdopted`: as the function says. */
export function actionOf(
  here: Pick<Here, 'isLatest' | 'isPublished'> | null,
  { publish, isAdopted }: { publish: boolean; isAdopted: boolean },
): PlanAction {
  if (here === null) return 'create';
  if (!here.isLatest || isAdopted) return 'save';
  return publish && !here.isPublished ? 'publish' : 'none';
}
