// A tenant whose old dead letters cannot be deleted: a trigger of the test's own refuses, as a broken table would.
import { withOwner } from './owner.ts';
import { type KeptTenant, makeKeptTenant } from './retention-tenant.ts';

export type SealedTenant = KeptTenant & {
  /** Lets the rows go again, with the tenant's own. */
  open(): Promise<void>;
};

/** With one dead letter, acknowledged long ago, that the cleanup wants to delete. */
export async function makeSealedTenant(): Promise<SealedTenant> {
  const tenant = await makeKeptTenant([]);
  const refusal = `refuse_${tenant.id.replaceAll('-', '')}`;
  await withOwner(async (sql) => {
    await sql`insert into dlq_entries (tenant_id, id, pipeline_id, run_id, version, node_id, rule, error_kind, message, acked_at)
      select ${tenant.id}, ms_uuid_at(now() - interval '100 days'), ms_uuid(), ms_uuid(), 1, 'n', 'r', 'rule', 'old', now() - interval '90 days'`;
    await sql.unsafe(`create function ${refusal}() returns trigger language plpgsql as
      $$ begin if old.tenant_id = '${tenant.id}' then raise exception 'dead letters of % are under seal', '${tenant.slug}'; end if; return old; end $$`);
    await sql.unsafe(
      `create trigger ${refusal} before delete on dlq_entries for each row execute function ${refusal}()`,
    );
  });
  const open = () =>
    withOwner(async (sql) => {
      await sql.unsafe(`drop function ${refusal} cascade`);
      await sql`delete from dlq_entries where tenant_id = ${tenant.id}`;
    });
  return { ...tenant, open };
}
