import { withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { loosensStored } from './loosens.ts';
import type { Policy } from './policy.ts';
import { endOvertakenRules, requestRules } from './rules-request.ts';
import type { SetSettings } from './schemas.ts';
import { lockSettings, staleSettings, tellSettings, writeSettings } from './settings.ts';

/**
 * Sets the rules for the requests to come; those that are open keep what they were made with. Rules that ask for less
 * than those that hold are a change request, and until another admin has approved it nothing changes; so are any that
 * are to replace rules that cannot be read.
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
      return { ...now, state: 'waiting', loosens: looser, changeRequest, hint: now.admins < 2 ? ALONE : null };
    }
    await writeSettings(tx, ctx, before, after, null);
    await endOvertakenRules(tx, ctx, version + 1);
    const now = await tellSettings(tx, ctx.tenant.id);
    const isAlone = after.selectors.length > 0 && now.admins < 2;
    return { ...now, state: 'set', loosens: [], changeRequest: null, hint: isAlone ? ALONE_LATER : null };
  });
}

const INVITE =
  'Invite another person as admin on /settings/users, or have the instance operator do so on /settings/tenants';
const ALONE = `There is no other admin who could approve it, so the rules stay as they are. ${INVITE}; who comes can approve it until its time is over, and after that it can be asked for again`;
const ALONE_LATER = `The tenant has one admin. Whoever loosens these rules later needs the approval of another one. ${INVITE}`;
