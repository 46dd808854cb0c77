// What a change request is and who may do what to it. Pure: rows, people and the clock's verdict are arguments.
import { REQUEST_STATES } from '#db/schema/index.ts';
import type { ErrorCode } from '#server/lib/index.ts';

export { REQUEST_STATES };
export type RequestState = (typeof REQUEST_STATES)[number];

export type StageRow = { name: string; approvers: number; roles: readonly string[] };
/** `counts` is false for a voter who has left, is disabled, no longer has a role of the stage, or is beholden (`Voter`). */
export type VoteRow = { stage: number; userId: string; counts: boolean };

/** Who did something: the name as it is written down, and the person's id where there is one that is known. */
export type Party = { name: string; userId: string | null };

/** What would change: what is live of a pipeline, or the rules of approval themselves. */
export const SUBJECTS = ['pipeline', 'rules'] as const;
export type Subject = (typeof SUBJECTS)[number];

export type Request = {
  subject: Subject;
  state: RequestState;
  isExpired: boolean;
  isStale: boolean;
  /** Who may be one person with who asked or saved, by the access that was given in ACCESS_HOURS before or since. */
  beholden: readonly string[];
  stages: readonly StageRow[];
  votes: readonly VoteRow[];
  requester: Party;
  /** Who saved any of the versions that go live with it. */
  authors: readonly Party[];
  allowSamePerson: boolean;
};

/** `role` null: not, or no longer, an active person of the tenant. */
export type Voter = {
  userId: string;
  email: string;
  role: string | null;
  /** By an API key, which others than its maker may hold: it can stop a change, and never lets one go live. */
  byKey: boolean;
};

/** How long before a request access that one person gave another makes the two count as one. */
export const ACCESS_HOURS = 72;

export type Refused = { ok: false; code: ErrorCode; message: string };
export type Standing = { approved: number[]; current: number | null };

/** How many votes each stage has that count, and the first stage that has too few; null: all have enough. */
export function standingOf(stages: readonly StageRow[], votes: readonly VoteRow[]): Standing {
  const approved = stages.map(
    (_, stage) => new Set(votes.filter((vote) => vote.counts && vote.stage === stage).map(({ userId }) => userId)).size,
  );
  const current = stages.findIndex(({ approvers }, stage) => approved[stage]! < approvers);
  return { approved, current: current === -1 ? null : current };
}

/** Whether the party is this very person, by id or, where the id is lost, by name. */
export const isSame = (party: Party, { userId, email }: Pick<Voter, 'userId' | 'email'>): boolean =>
  party.userId === userId || party.name.toLowerCase() === email.toLowerCase();

const refuse = (code: ErrorCode, message: string): Refused => ({ ok: false, code, message });

/** What keeps anybody from deciding it. */
export function closedBy(request: Pick<Request, 'subject' | 'state' | 'isExpired' | 'isStale'>) {
  const { subject, state, isExpired, isStale } = request;
  const again = subject === 'rules' ? 'set the rules again' : 'publish the version again';
  if (state !== 'open') return refuse('APPROVAL_CLOSED', `the change request is ${state}; nothing was changed`);
  if (isExpired) return refuse('APPROVAL_EXPIRED', `the time of the change request is over; ${again}`);
  if (isStale)
    return refuse(
      'APPROVAL_STALE',
      `${subject === 'rules' ? 'the rules were set otherwise' : 'another version went live, the rules ask for more now'}, or the content changed, since it was asked for; ${again}`,
    );
  return null;
}

function keptOut({ requester, authors }: Request, voter: Voter): Refused | null {
  if (isSame(requester, voter))
    return refuse('APPROVAL_OWN', `you asked for this change (${requester.name}); somebody else must decide it`);
  const mine = authors.find((author) => isSame(author, voter));
  if (mine)
    return refuse(
      'APPROVAL_OWN',
      `you saved this version or one that goes live with it (${mine.name}); somebody else must decide it`,
    );
  if (voter.role === null) return refuse('APPROVAL_NOT_YOURS', 'you are not an active member of the tenant');
  return null;
}

const NOT_BY_KEY = refuse(
  'APPROVAL_BY_KEY',
  'an API key does not approve, because others than its maker may hold it: sign in and approve on the page of the request',
);

const ACCESS_GIVEN = refuse(
  'APPROVAL_ACCESS_GIVEN',
  `between you and who asked for this change, or saved it, access was given since ${ACCESS_HOURS} hours before it was asked for (a password by a link, an invite or a role; by one to the other, by way of others, or by a key that nobody is known to have made), so the two of you may be one person: let somebody else approve it, ask for it again when those hours are over, or have the instance operator make you a new password link`,
);

/** Whether this person's approval is taken, in which stage, and whether it is the last that is needed. */
export function judgeVote(request: Request, voter: Voter): Refused | { ok: true; stage: number; isLast: boolean } {
  const refused = (voter.byKey ? NOT_BY_KEY : null) ?? closedBy(request) ?? keptOut(request, voter);
  if (refused) return refused;
  if (request.beholden.includes(voter.userId)) return ACCESS_GIVEN;
  const { stages, votes, allowSamePerson } = request;
  const stage = standingOf(stages, votes).current;
  // All stages have enough again, because somebody got their role back: any further vote would be one too many.
  if (stages.length === 0) return refuse('APPROVAL_SETTINGS_INVALID', 'the change request has no stages');
  const at = stage ?? stages.length - 1;
  const { name, roles } = stages[at]!;
  const mine = votes.filter(({ userId }) => userId === voter.userId);
  if (stage !== null && mine.some((vote) => vote.stage === at))
    return refuse('APPROVAL_VOTED', `you have approved in the stage "${name}" already`);
  if (!roles.includes(voter.role!))
    return refuse(
      'APPROVAL_NOT_YOURS',
      `the stage "${name}" is for ${roles.join(' or ')}, and you are ${voter.role}; somebody of such a role must decide it`,
    );
  const elsewhere = mine.find((vote) => vote.stage !== at);
  if (elsewhere && !allowSamePerson)
    return refuse('APPROVAL_VOTED', `you have approved in another stage already; "${name}" is for somebody else`);
  const isLast = standingOf(stages, [...votes, { stage: at, userId: voter.userId, counts: true }]).current === null;
  return { ok: true, stage: at, isLast };
}

/** Whoever could approve in some stage may reject, also after having approved. */
export function judgeReject(request: Request, voter: Voter): Refused | { ok: true } {
  const refused = closedBy(request) ?? keptOut(request, voter);
  if (refused) return refused;
  if (!request.stages.some(({ roles }) => roles.includes(voter.role!)))
    return refuse('APPROVAL_NOT_YOURS', `no stage is for the role ${voter.role}`);
  return { ok: true };
}

/** Only who asked takes it back, and that also when it expired or is stale. */
export function judgeWithdraw(request: Request, voter: Pick<Voter, 'userId' | 'email'>): Refused | { ok: true } {
  if (request.state !== 'open') return closedBy(request)!;
  if (!isSame(request.requester, voter))
    return refuse('APPROVAL_NOT_YOURS', `${request.requester.name} asked for this change; only they can withdraw it`);
  return { ok: true };
}
