// The people of a tenant: users, invites, their sessions. For admins.
import { mutation, procedure } from '#server/procedure.ts';
import { inviteUser, listInvites, revokeInvite } from './invites.ts';
import { makeResetLink } from './reset-password.ts';
import {
  ById,
  InviteInput,
  InviteOutput,
  InvitePage,
  ListInvitesInput,
  ListSessionsInput,
  ListUsersInput,
  ResetLinkInput,
  ResetLinkOutput,
  RevokedOutput,
  SessionList,
  SetRoleInput,
  SetRoleOutput,
  StatusOutput,
  User,
  UserPage,
} from './schemas.ts';
import { listSessions, revokeSession, revokeUserSessions } from './sessions.ts';
import { getUser, listUsers, removeUser, setUserDisabled, setUserRole } from './users.ts';

const write = { scope: 'users:write' } as const;
const read = { scope: 'users:read' } as const;

export const userProcedures = {
  users: procedure
    .meta({ ...read, rest: 'GET /users', summary: "Lists the tenant's users by e-mail.", output: UserPage })
    .input(ListUsersInput)
    .query(({ ctx, input }) => listUsers(ctx, input)),
  user: procedure
    .meta({
      ...{ ...read, rest: 'GET /users/:id', output: User, errors: ['USER_NOT_FOUND'] },
      summary: 'Gives one user of the tenant.',
    })
    .input(ById)
    .query(({ ctx, input }) => getUser(ctx, input)),
  setRole: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/role', audit: 'user.role', output: SetRoleOutput },
      summary: "Changes a user's role in this tenant, from their next request on.",
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN'],
    })
    .input(SetRoleInput)
    .mutation(({ ctx, input }) => setUserRole(ctx, input)),
  disableUser: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/disable', audit: 'user.disable', output: StatusOutput },
      summary: 'Closes this tenant to a user, from their next request on. Other tenants of theirs stay open.',
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => setUserDisabled(ctx, { ...input, isDisabled: true })),
  enableUser: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/enable', audit: 'user.enable', output: StatusOutput },
      summary: 'Opens this tenant to a disabled user again.',
      errors: ['USER_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => setUserDisabled(ctx, { ...input, isDisabled: false })),
  removeUser: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/remove', audit: 'user.remove', output: ById },
      summary: 'Takes a user out of this tenant.',
      errors: ['USER_NOT_FOUND', 'LAST_ADMIN'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => removeUser(ctx, input)),
  resetLink: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/reset-link', audit: 'user.reset', output: ResetLinkOutput },
      summary: 'Makes a link by which a user of this tenant alone sets a new password. It is shown once.',
      secrets: { output: ['linkPath'] },
      status: 201,
      errors: ['USER_NOT_FOUND'],
    })
    .input(ResetLinkInput)
    .mutation(({ ctx, input }) => makeResetLink(ctx, input)),
  invites: procedure
    .meta({ ...read, rest: 'GET /invites', summary: 'Lists open invites, newest first.', output: InvitePage })
    .input(ListInvitesInput)
    .query(({ ctx, input }) => listInvites(ctx, input)),
  invite: mutation
    .meta({
      ...{ ...write, rest: 'POST /invites', audit: 'user.invite', status: 201, output: InviteOutput },
      summary: "Invites a person by e-mail; the link is shown once. It takes an earlier open invite's place.",
      secrets: { output: ['linkPath'] },
      errors: ['USER_ALREADY_MEMBER'],
    })
    .input(InviteInput)
    .mutation(({ ctx, input }) => inviteUser(ctx, input)),
  revokeInvite: mutation
    .meta({
      ...{ ...write, rest: 'POST /invites/:id/revoke', audit: 'user.uninvite', output: ById },
      summary: 'Withdraws an open invite; its link is dead.',
      errors: ['INVITE_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => revokeInvite(ctx, input)),
  sessions: procedure
    .meta({
      ...{ ...read, rest: 'GET /sessions', output: SessionList, errors: ['USER_NOT_FOUND'] },
      summary: 'Lists open sessions that are in this tenant now, the last used first.',
    })
    .input(ListSessionsInput)
    .query(({ ctx, input }) => listSessions(ctx, input)),
  revokeSession: mutation
    .meta({
      ...{ ...write, rest: 'POST /sessions/:id/revoke', audit: 'session.revoke', output: RevokedOutput },
      summary: 'Ends a session that is in this tenant.',
      errors: ['SESSION_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => revokeSession(ctx, input)),
  revokeUserSessions: mutation
    .meta({
      ...{ ...write, rest: 'POST /users/:id/sessions/revoke', audit: 'session.revoke', output: RevokedOutput },
      summary: 'Ends all sessions of a user that are in this tenant.',
      errors: ['USER_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => revokeUserSessions(ctx, input)),
};
