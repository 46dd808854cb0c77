// Who is behind an actor, because four eyes are two people's and not two credentials'.
import { sql } from '#db/drizzle.ts';
import { findPersonBehind } from '#server/auth/index.ts';
import { query, ServiceError, type Tx } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import type { Party, Voter } from './states.ts';

type PersonRow = { userId: string; email: string; role: string; isActive: boolean };

async function findPerson(tx: Tx, is: { userId: string } | { email: string }): Promise<PersonRow | null> {
  const [row] = await query<PersonRow>(
    tx,
    sql`select user_id as "userId", email, role, is_active as "isActive" from approval_people()
      where ${'userId' in is ? sql`user_id = ${is.userId}` : sql`lower(email) = lower(${is.email})`}`,
  );
  return row ?? null;
}

const KEY_NAME = /^api_key:([0-9a-f-]{36})$/;
/** A person's name is an e-mail address, so nobody can be called like the program. */
const isProgram = (name: string) => name.startsWith('system:') && !name.includes('@');

/** The person behind a name as `actorName` writes it; null for a key that nobody is known to have made, and for no name at all. */
export async function findParty(tx: Tx, tenantId: string, name: string): Promise<Party | null> {
  if (isProgram(name)) return { name, userId: null };
  const keyId = KEY_NAME.exec(name)?.[1];
  if (keyId !== undefined) {
    const userId = await findPersonBehind(tx, tenantId, { kind: 'api_key', id: keyId });
    return userId === null ? null : { name, userId };
  }
  if (!name.includes('@')) return null;
  // Who has left is still known by name.
  return { name, userId: (await findPerson(tx, { email: name }))?.userId ?? null };
}

/**
 * The same.
 * @throws ServiceError APPROVAL_PERSON_UNKNOWN where there is none
 */
export async function partyOfName(tx: Tx, tenantId: string, name: string): Promise<Party> {
  const party = await findParty(tx, tenantId, name);
  if (party === null) throw unknownPerson(name);
  return party;
}

/**
 * Whether the caller, saving what is the latest version already, is to save it anew: nobody knows whose that is, and it
 * could never be asked for; of who says it again it is known.
 */
export async function adoptsVersionOf(tx: Tx, ctx: Ctx, createdBy: string): Promise<boolean> {
  if ((await findParty(tx, ctx.tenant.id, createdBy)) !== null) return false;
  return (await findPersonBehind(tx, ctx.tenant.id, ctx.actor)) !== null;
}

const unknownPerson = (name: string) =>
  new ServiceError(
    'APPROVAL_PERSON_UNKNOWN',
    `nobody knows which person is behind "${name}", so nobody could approve with other eyes. Save the version again, also unchanged, and publish it: signed in (the editor saves it anew), or with a key that a person made`,
  );

/** @throws ServiceError APPROVAL_PERSON_UNKNOWN */
export async function partyOf(tx: Tx, ctx: Ctx): Promise<Party> {
  const { actor, tenant } = ctx;
  if (actor.kind === 'user') return { name: actor.email, userId: actor.id };
  return partyOfName(tx, tenant.id, actorName(actor));
}

/**
 * The person who decides: a key's creator where a key asks.
 * @throws ServiceError APPROVAL_PERSON_UNKNOWN
 */
export async function voterIdOf(tx: Tx, ctx: Ctx): Promise<string> {
  const userId = await findPersonBehind(tx, ctx.tenant.id, ctx.actor);
  if (userId === null) throw unknownPerson(actorName(ctx.actor));
  return userId;
}

/** That person with the role they have now. */
export async function readVoter(tx: Tx, ctx: Ctx, userId: string): Promise<Voter> {
  const person = await findPerson(tx, { userId });
  const byKey = ctx.actor.kind !== 'user';
  return { userId, byKey, email: person?.email ?? '', role: person?.isActive ? person.role : null };
}

/** As `readVoter` of the caller; null of whom nobody knows, and of who is no member. */
export async function findViewer(tx: Tx, ctx: Ctx): Promise<Voter | null> {
  const userId = await findPersonBehind(tx, ctx.tenant.id, ctx.actor);
  const voter = userId === null ? null : await readVoter(tx, ctx, userId);
  return voter?.email ? voter : null;
}
