import { sql } from '#db/drizzle.ts';
import type { ModelDefinition, ModelParameters, ModelTerm } from '#db/schema/index.ts';
import { query, ServiceError, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { noModel } from './rows.ts';
import type { ScoreInput } from './schemas.ts';
import { type FeatureValue, makeScorer } from './score.ts';

type Found = {
  live: number | null;
  version: number | null;
  definition: ModelDefinition | null;
  parameters: ModelParameters | null;
};

/**
 * The probability of the positive class for each row, by the live version or the one named. A feature that is left out
 * or null is missing; one that the version does not know, or of another type, is refused.
 * @throws ServiceError MODEL_NOT_FOUND, MODEL_VERSION_NOT_FOUND, MODEL_NOT_LIVE, INPUT_INVALID naming row and feature
 */
export function scoreRows(ctx: Ctx, { id, version, rows }: ScoreInput) {
  return withTransaction(ctx, async (tx) => {
    const [found] = await query<Found>(
      tx,
      sql`select m.live_version as live, v.version, v.definition, v.parameters from models m
        left join model_versions v on v.tenant_id = m.tenant_id and v.model_id = m.id and v.status = 'ready'
          and v.version = ${version === undefined ? sql`m.live_version` : sql`${version}::int`}
        where m.tenant_id = ${ctx.tenant.id} and m.id = ${id}`,
    );
    if (!found) throw noModel(id);
    const { definition, parameters } = found;
    if (found.version === null || definition === null || parameters === null)
      throw version === undefined
        ? new ServiceError('MODEL_NOT_LIVE', `no version of model ${id} is live: train it, or promote a version`)
        : new ServiceError('MODEL_VERSION_NOT_FOUND', `model ${id} has no trained version ${version}`);
    const { terms } = parameters;
    const score = makeScorer(parameters);
    const scores = rows.map((row, i) => ({ probability: score(valuesOf(row, terms, i)) }));
    return { version: found.version, positive: definition.positive, scores };
  });
}

function valuesOf(row: Record<string, FeatureValue>, terms: ModelTerm[], i: number): FeatureValue[] {
  const given = Object.keys(row);
  const unknown = given.find((name) => !terms.some(({ feature }) => feature === name));
  if (unknown !== undefined)
    throw new ServiceError(
      'INPUT_INVALID',
      `rows.${i}: the model has no feature "${unknown}"; it has ${terms.map(({ feature }) => `"${feature}"`).join(', ')}`,
    );
  return terms.map(({ feature, kind }) => {
    const value = Object.hasOwn(row, feature) ? row[feature]! : null;
    const wanted = kind === 'category' ? 'string' : kind;
    if (value === null || typeof value === wanted) return value;
    throw new ServiceError(
      'INPUT_INVALID',
      `rows.${i}.${feature}: ${JSON.stringify(value).slice(0, 60)} is not a ${kind === 'category' ? 'text' : kind}; leave it out when it is not known`,
    );
  });
}
