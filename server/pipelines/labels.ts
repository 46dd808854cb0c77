// Labels live in a table of their own: jsonb containment is not leakproof and would lose its index under
// row-level security.
import { and, eq, type SQL, sql } from '#db/drizzle.ts';
import { pipelineLabels } from '#db/schema/index.ts';
import { parseLabelSelector } from '#server/ir/index.ts';
import type { Tx } from '#server/lib/index.ts';

/** Replaces a pipeline's labels. */
export async function putLabels(
  tx: Tx,
  tenantId: string,
  pipelineId: string,
  labels: Record<string, string>,
): Promise<void> {
  await tx
    .delete(pipelineLabels)
    .where(and(eq(pipelineLabels.tenantId, tenantId), eq(pipelineLabels.pipelineId, pipelineId)));
  const rows = Object.entries(labels).map(([key, value]) => ({ tenantId, pipelineId, key, value }));
  if (rows.length > 0) await tx.insert(pipelineLabels).values(rows);
}

/** A condition on `p` (alias of pipelines): every label of the filter is there. `key:value` or `key`. */
export function labelCondition(tenantId: string, labels: readonly string[]): SQL {
  const conditions = labels.map((label) => {
    const { key, value } = parseLabelSelector(label);
    const hasValue = value === null ? sql`true` : sql`l.value = ${value}`;
    return sql`exists (select from pipeline_labels l
      where l.tenant_id = ${tenantId} and l.pipeline_id = p.id and l.key = ${key} and ${hasValue})`;
  });
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}

/** A column expression: the labels of `p` as one JSON object. */
export const labelsOf = (tenantId: string): SQL => sql`coalesce((select jsonb_object_agg(l.key, l.value order by l.key)
  from pipeline_labels l where l.tenant_id = ${tenantId} and l.pipeline_id = p.id), '{}'::jsonb)`;
