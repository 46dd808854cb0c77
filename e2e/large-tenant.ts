// A tenant of many pipelines, each with its schedule and runs: written by SQL, for by the API it would take an hour.
import { withOwner } from './owner.ts';
import { type KeptTenant, makeKeptTenant } from './retention-tenant.ts';

/** `pipeline-00001` and so on, all live and due in ten years, with one run each. */
export async function makeLargeTenant(pipelines: number): Promise<KeptTenant> {
  const tenant = await makeKeptTenant([]);
  await withOwner(async (sql) => {
    await sql`insert into pipelines (tenant_id, name, latest_version, live_version)
      select ${tenant.id}, 'pipeline-' || lpad(n::text, 5, '0'), 1, 1 from generate_series(1, ${pipelines}::int) n`;
    // Due so late that nothing of this tenant ever fires while it is looked at.
    await sql`insert into schedules (tenant_id, pipeline_id, version, schedule, policies, enabled, next_fire_at)
      select p.tenant_id, p.id, 1, s.schedule, s.policies, true, now() + interval '10 years'
      from pipelines p cross join (select schedule, policies from schedules where tenant_id <> ${tenant.id} limit 1) s
      where p.tenant_id = ${tenant.id}`;
    await sql`insert into runs (tenant_id, pipeline_id, version, status, trigger, started_at, finished_at)
      select tenant_id, id, 1, 'succeeded', 'manual', now(), now() from pipelines where tenant_id = ${tenant.id}`;
    await sql`analyze pipelines`;
  });
  return tenant;
}
