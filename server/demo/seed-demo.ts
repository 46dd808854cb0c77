// The demo tenant: an operator to sign in as, a key for scripts, a table of airports and four live pipelines.
// Safe to run at every start: what is there stays as it is.
import { createHmac } from 'node:crypto';
import { openPool, type Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { SCOPES, storeApiKey } from '#server/auth/index.ts';
import { createLogger, hashPassword, query, queryOne, ServiceError, transaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { startRun } from '#server/runs/index.ts';
import { asTenantRole, type Ctx, createTenant, findTenantData, type Tenant } from '#server/tenancy/index.ts';
import { airportRows } from './data-sets.ts';
import { DEMO_DOCUMENTS } from './demo-documents.ts';

export type SeedDemo = {
  ownerUrl: string;
  /** The installation's secret: the demo's password and key are made from it, so they stay the same. */
  secret: string;
  log: (line: string) => void;
};
export type Demo = {
  tenantId: string;
  tenantSlug: string;
  apiKey: string;
  login: { email: string; password: string };
  pipelines: { id: string; name: string }[];
};

export const DEMO_SLUG = 'demo';
const EMAIL = 'operator@demo.example';

export async function seedDemo(options: SeedDemo): Promise<Demo> {
  const pool = openPool({ url: options.ownerUrl, max: 2, applicationName: 'mainspring seed' });
  try {
    const tenant = await createTenant(pool, { slug: DEMO_SLUG, name: 'Demo' });
    const password = derive(options.secret, 'demo password').slice(0, 16);
    const apiKey = `ms_${derive(options.secret, 'demo key')}`;
    await putOperator(pool, tenant, password);
    await transaction(pool, { tenantId: tenant.id }, (tx) =>
      storeApiKey(tx, { tenantId: tenant.id, name: 'demo', key: apiKey, scopes: SCOPES }),
    );
    await putRetentionMode(pool, tenant);
    await putAirports(pool, tenant, options.log);
    await putPipelines(pool, tenant, options.log);
    const pipelines = await transaction(pool, { tenantId: tenant.id }, (tx) =>
      query<{ id: string; name: string }>(
        tx,
        sql`select id, name from pipelines where tenant_id = ${tenant.id} order by name`,
      ),
    );
    return {
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      apiKey,
      login: { email: EMAIL, password },
      pipelines: [...pipelines],
    };
  } finally {
    await pool.end({ timeout: 5 });
  }
}

const derive = (secret: string, purpose: string) => createHmac('sha256', secret).update(purpose).digest('base64url');

async function putOperator(pool: Pool, tenant: Tenant, password: string): Promise<void> {
  const hash = await hashPassword(password);
  await transaction(pool, { tenantId: tenant.id }, async (tx) => {
    const user = await queryOne<{ id: string }>(
      tx,
      sql`insert into users (email, name, password_hash, is_instance_operator) values (${EMAIL}, 'Demo operator', ${hash}, true)
        on conflict (email) do update set password_hash = excluded.password_hash returning id`,
    );
    await tx.execute(
      sql`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user.id}, 'admin') on conflict do nothing`,
    );
  });
}

/** New tenants go by each class's own days; the demo shows what the other mode warns of. */
async function putRetentionMode(pool: Pool, tenant: Tenant): Promise<void> {
  await transaction(pool, { tenantId: tenant.id }, (tx) =>
    tx.execute(sql`insert into retention_settings (tenant_id, mode, updated_by)
      values (${tenant.id}, 'strictest', 'system:demo') on conflict do nothing`),
  );
}

async function putAirports(pool: Pool, tenant: Tenant, log: (line: string) => void): Promise<void> {
  const rows = await airportRows();
  await transaction(pool, { tenantId: tenant.id }, async (tx) => {
    const data = await findTenantData(tx, tenant.id);
    await asTenantRole(tx, data, { statementTimeoutMs: 30_000 }, async (connection) => {
      const table = `"${data.schemaName}"."airports"`;
      const [found] = await connection.unsafe('select to_regclass($1) is not null as is_there', [table]);
      if (found?.is_there) return;
      await connection.unsafe(`CREATE TABLE ${table} (iata text PRIMARY KEY, name text NOT NULL, city text, state text,
        country text NOT NULL, latitude double precision NOT NULL, longitude double precision NOT NULL)`);
      await connection.unsafe(
        `INSERT INTO ${table} SELECT r ->> 0, r ->> 1, r ->> 2, r ->> 3, r ->> 4, (r ->> 5)::float8, (r ->> 6)::float8
          FROM jsonb_array_elements($1::text::jsonb) AS r ON CONFLICT DO NOTHING`,
        [JSON.stringify(rows)],
      );
      log(`demo: loaded ${rows.length} airports`);
    });
  });
}

/** Each pipeline is made, published and run once at once, so that there is something to see from the first minute. */
async function putPipelines(pool: Pool, tenant: Tenant, log: (line: string) => void): Promise<void> {
  const ctx: Ctx = {
    pool,
    tenant,
    actor: { kind: 'system', id: 'demo' },
    requestId: 'seed',
    log: createLogger({ level: 'warn', tier: 'seed' }),
  };
  for (const document of DEMO_DOCUMENTS) {
    await transaction(pool, { tenantId: tenant.id }, async (tx) => {
      const inTx = { ...ctx, tx };
      const made = await createPipeline(inTx, { document }).catch((error: unknown) => {
        if (error instanceof ServiceError && error.code === 'PIPELINE_NAME_TAKEN') return null;
        throw error;
      });
      if (!made) return;
      await publishVersion(inTx, { id: made.id });
      await startRun(inTx, { id: made.id });
      log(`demo: published ${made.name}`);
    });
  }
}
