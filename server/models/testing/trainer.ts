// A tenant with tables of its own to learn from.
import type { TestDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { asTenantRole, type Ctx, createTenant, findTenantData } from '#server/tenancy/index.ts';
import { createModel, getModel } from '../models.ts';
import { runTraining } from '../run-training.ts';
import { ModelInput } from '../schemas.ts';
import type { Row } from './fixture.ts';

export type Trainer = Awaited<ReturnType<typeof openTrainer>>;

export async function openTrainer(db: TestDatabase, slug: string) {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const log = createLogger({ level: 'silent', tier: 'test' });
  const ctx: Ctx = {
    ...{ pool: db.app, tenant, requestId: 'test', log },
    actor: {
      kind: 'user',
      id: '00000000-0000-7000-8000-000000000001',
      email: 'ada@example.org',
      role: 'admin',
      isInstanceOperator: false,
    },
  };
  const data = await transaction(db.app, { tenantId: tenant.id }, (tx) => findTenantData(tx, tenant.id));
  const schema = `"${data.schemaName}"`;
  /** As the tenant's role; `$schema` stands for its schema. */
  const run = (text: string, parameters: (string | null)[] = []) =>
    transaction(db.app, { tenantId: tenant.id }, (tx) =>
      asTenantRole(tx, data, { statementTimeoutMs: 60_000 }, async (connection) => [
        ...(await connection.unsafe(text.replaceAll('$schema', schema), parameters)),
      ]),
    );
  /** A table of the rows that made-rows.ts makes. */
  async function load(table: string, rows: Row[]): Promise<void> {
    await run(
      `drop table if exists $schema.${table}; create table $schema.${table} (id int primary key, x float8, y float8, letter text, flag boolean, label boolean)`,
    );
    await run(
      `insert into $schema.${table} select (r->>0)::int, (r->>1)::float8, (r->>2)::float8, r->>3, (r->>4)::boolean, (r->>5)::boolean
        from jsonb_array_elements($1::text::jsonb) as r`,
      [JSON.stringify(rows.map(({ values, label }, i) => [i, ...values, label]))],
    );
  }
  const define = (input: Partial<ModelInput> = {}) =>
    createModel(
      ctx,
      ModelInput.parse({
        ...{ name: `model ${Math.random()}`, kind: 'logistic', sourceTable: 'facts', label: 'label' },
        ...{ features: ['x', 'y', 'letter', 'flag'], ...input },
      }),
    );
  /** Trains now, and fails the test where it is not even tried. */
  async function train(id: string, signal: AbortSignal = AbortSignal.timeout(120_000)) {
    const outcome = await runTraining(ctx, id, { signal });
    if (!outcome) throw new Error('a training by hand is always due');
    return outcome;
  }
  return { tenant, ctx, data, run, load, define, train, get: (id: string) => getModel(ctx, { id }) };
}
