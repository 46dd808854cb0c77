import { sql } from '#db/drizzle.ts';
import { query, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { beholdenOf } from './load-request.ts';
import { loosensStored } from './loosens.ts';
import type { Policy } from './policy.ts';
import { endOvertakenRules, requestRules } from './rules-request.ts';
import type { SetSettings } from './schemas.ts';
import { lockSettings, staleSettings, tellSettings, writeSettings } from './settings.ts';
import { ACCESS_HOURS } from './states.ts';

/**
 * Sets the rules for the requests to come; open ones keep what they were made with, and are stale if that asks for
 * less. Rules that ask for less than those that hold are a change request, and until another admin has approved it
 * nothing changes; so are any that are to replace rules that cannot be read.
 * @throws ServiceError APPROVAL_SETTINGS_STALE when they are no longer the version that was read; APPROVAL_PERSON_UNKNOWN
 */
export function setSettings(ctx: Ctx, input: Policy & { version: number }): Promise<SetSettings> {
  const { version, ...after } = input;
  return withTransaction(ctx, async (tx) => {
    const before = await lockSettings(tx, ctx.tenant.id);
    if ((before?.version ?? 0) !== version) throw staleSettings(version, before?.version ?? 0);
    const looser = before ? loosensStored(before.rules, after) : [];
    if (before && looser.length > 0) {
      const changeRequest = await requestRules(tx, ctx, { before, after, loosens: looser });
      const now = await tellSettings(tx, ctx.tenant.id);
      const hint = (await hasApprover(tx, ctx.tenant.id, changeRequest.id)) ? null : ALONE;
      return { ...now, state: 'waiting', loosens: looser, changeRequest, hint };
    }
    await writeSettings(tx, ctx, before, after, null);
    await endOvertakenRules(tx, ctx, version + 1);
    const now = await tellSettings(tx, ctx.tenant.id);
    const isAlone = after.selectors.length > 0 && now.admins < 2;
    return { ...now, state: 'set', loosens: [], changeRequest: null, hint: isAlone ? ALONE_LATER : null };
  });
}

/** Whether anybody could approve it now: another admin who is surely somebody else than who asked. */
async function hasApprover(tx: Tx, tenantId: string, requestId: string): Promise<boolean> {
  const others = await query(
    tx,
    sql`select from approval_requests r join approval_people() who
        on who.is_active and who.role = 'admin' and who.user_id is distinct from r.requester_id
          and who.user_id <> all (${beholdenOf()})
      where r.tenant_id = ${tenantId} and r.id = ${requestId} limit 1`,
  );
  return others.length > 0;
}

const INVITE = 'Have the instance operator invite one on /settings/tenants';
const LATER = `invite one on /settings/users and ask again when ${ACCESS_HOURS} hours have passed since they came, because until then you count as one person`;
const ALONE = `There is no other admin who could approve it, so the rules stay as they are. ${INVITE}, who can approve it until its time is over; or ${LATER}`;
const ALONE_LATER = `The tenant has one admin. Whoever loosens these rules later needs the approval of another one. ${INVITE}, or ${LATER}`;
