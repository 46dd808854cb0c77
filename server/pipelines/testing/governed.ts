// A tenant whose pipelines labelled env:prod need approval, and the people who ask for it and give it.
import { expect } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import { type Policy, setSettings } from '#server/approvals/index.ts';
import type { Ctx, Role } from '#server/tenancy/index.ts';
import { approveChange, createPipeline, publishVersion, saveIr } from '../index.ts';
import { documentOf, openTenant } from './index.ts';

export type Person = { ctx: Ctx; id: string; email: string };
export type Governed = Awaited<ReturnType<typeof openGoverned>>;

export const ONE_STAGE: Pick<Policy, 'stages'> = {
  stages: [{ name: 'Owners', approvers: 1, roles: ['admin', 'operator'] }],
};

/** The rules can be narrowed or widened by `rules`. `slug` is the tenant's, and part of its people's addresses. */
export async function openGoverned(db: TestDatabase, slug: string, rules: Partial<Policy> = {}) {
  const program = await openTenant(db, slug);
  const { tenant } = program;

  async function person(name: string, role: Role = 'admin'): Promise<Person> {
    const email = `${name}@${slug}.example`;
    const [user] = await db.owner<
      { id: string }[]
    >`insert into users (email, name) values (${email}, ${name}) returning id`;
    await db.owner`insert into memberships (tenant_id, user_id, role) values (${tenant.id}, ${user!.id}, ${role})`;
    const actor = { kind: 'user' as const, id: user!.id, email, role, isInstanceOperator: false };
    return { ctx: { ...program, actor }, id: user!.id, email };
  }
  async function key(createdBy: string | null, id = crypto.randomUUID()): Promise<Ctx> {
    await db.owner`insert into api_keys (tenant_id, id, name, prefix, key_hash, scopes, created_by)
      values (${tenant.id}, ${id}, 'a key', 'ms_', ${Buffer.from(id)}, '{}', ${createdBy})`;
    return { ...program, actor: { kind: 'api_key', id, scopes: [] } };
  }

  const ada = await person('ada');
  const set = (more: Partial<Policy> & { version: number }) =>
    setSettings(ada.ctx, {
      ...{ selectors: ['env:prod'], ...ONE_STAGE, expiryHours: 72, allowSamePerson: false, ...rules },
      ...more,
    });
  await set({ version: 0 });

  const described = (name: string, description: string, labels: Record<string, string> = { env: 'prod' }) =>
    documentOf(name, { description, labels });
  /** A pipeline whose first version is live without approval, because it has no label yet; the second is saved by ada. */
  async function pipeline(name: string, more: { labels?: Record<string, string> } = {}) {
    const made = await createPipeline(ada.ctx, { document: described(name, 'first', {}) });
    await publishVersion(ada.ctx, { id: made.id });
    await saveIr(ada.ctx, { id: made.id, baseVersion: 1, document: described(name, 'second', more.labels) });
    return made.id;
  }
  /** The same, and ada has asked for the second to go live. */
  async function request(name: string): Promise<{ pipelineId: string; id: string }> {
    const pipelineId = await pipeline(name);
    const asked = await publishVersion(ada.ctx, { id: pipelineId });
    if (asked.state !== 'waiting') throw new Error('it went live without approval');
    return { pipelineId, id: asked.changeRequest.id };
  }

  return {
    ...{ tenant, program, ada, person, key, set, described, pipeline, request },
    liveOf: async (id: string): Promise<number | null> =>
      (await db.owner<{ live: number | null }[]>`select live_version as live from pipelines where id = ${id}`)[0]!.live,
    stateOf: async (id: string): Promise<string> =>
      (await db.owner<{ state: string }[]>`select state from approval_requests where id = ${id}`)[0]!.state,
    votesOf: async (id: string): Promise<number> =>
      (await db.owner<{ n: number }[]>`select count(*)::int as n from approval_votes where request_id = ${id}`)[0]!.n,
    audited: async (targetId: string): Promise<string[]> =>
      (
        await db.owner<{ what: string }[]>`select action || ' by ' || actor_id as what from audit_log
          where tenant_id = ${tenant.id} and target_id = ${targetId} and outcome = 'done' order by id`
      ).map(({ what }) => what),
  };
}

export const approve = ({ ctx }: Pick<Person, 'ctx'>, id: string, comment = '') => approveChange(ctx, { id, comment });
/** What a refusal looks like to `toMatchObject`. */
export const refusal = (code: string, message = '') => ({ code, message: expect.stringContaining(message) });
