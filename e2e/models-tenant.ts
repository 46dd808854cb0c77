// A table of a tenant's own to learn from, written as the tenant's role would by a pipeline.
import { asTenant } from './owner.ts';
import { type KeptTenant, makeKeptTenant } from './retention-tenant.ts';

/** A tenant with `visits`: `bought` depends on `age` and `plan`, with chance in it, and not at all on `luck`. */
export async function makeVisitsTenant(): Promise<KeptTenant> {
  const tenant = await makeKeptTenant([]);
  await asTenant(tenant.id, async (tx) => {
    await tx.unsafe('create table visits (id int primary key, age int, plan text, luck float8, bought boolean)');
    // 7919 and 101 are prime: what looks like chance here is the same in every run.
    await tx.unsafe(`insert into visits select g, 18 + (g * 37) % 61, (array['basic', 'plus', 'pro'])[1 + (g * 13) % 7 % 3],
      (g * 101) % 997, ((g * 37) % 61) / 60.0 + ((g * 13) % 7 % 3) / 4.0 > 0.2 + ((g::bigint * 7919) % 1009) / 1009.0
      from generate_series(1, 3000) g`);
  });
  return tenant;
}
