// What a person does with their own account, in whatever tenant they are.
import { mutation, procedure } from '#server/procedure.ts';
import { getMe, switchTenant } from './me.ts';
import { changePassword, updateProfile } from './password.ts';
import {
  ById,
  Changed,
  ChangePasswordInput,
  Me,
  Nothing,
  Profile,
  RevokedOutput,
  SessionList,
  SwitchTenantInput,
  SwitchTenantOutput,
} from './schemas.ts';
import { listMySessions, revokeMyOtherSessions, revokeMySession } from './sessions.ts';

export const ownProcedures = {
  me: procedure
    .meta({
      rest: 'GET /me',
      summary: 'Tells whose the credential is, its tenant, role and scopes, and the tenants a person can switch to.',
      scope: 'account:read',
      audience: 'credential',
      output: Me,
    })
    .query(({ ctx }) => getMe(ctx)),
  switchTenant: mutation
    .meta({
      rest: 'POST /me/tenant',
      summary: "Moves this browser session to another of the person's tenants.",
      scope: 'account:write',
      audience: 'person',
      audit: 'session.switch',
      output: SwitchTenantOutput,
      errors: ['TENANT_NOT_FOUND'],
    })
    .input(SwitchTenantInput)
    .mutation(({ ctx, input }) => switchTenant(ctx, input)),
  updateProfile: mutation
    .meta({
      rest: 'POST /me/profile',
      summary: 'Changes how others see the person, in all their tenants.',
      scope: 'account:write',
      audience: 'person',
      audit: 'account.profile',
      output: Profile,
    })
    .input(Profile)
    .mutation(({ ctx, input }) => updateProfile(ctx, input)),
  changePassword: mutation
    .meta({
      rest: 'POST /me/password',
      summary: "Sets a new password by the current one, and ends all other sessions of the person's.",
      scope: 'account:write',
      audience: 'person',
      audit: 'account.password',
      secrets: { input: ['currentPassword', 'newPassword'] },
      output: Changed,
      errors: ['PASSWORD_WRONG', 'PASSWORD_WEAK', 'LOGIN_LIMITED'],
    })
    .input(ChangePasswordInput)
    .mutation(({ ctx, input }) => changePassword(ctx, input)),
  mySessions: procedure
    .meta({
      rest: 'GET /me/sessions',
      summary: "Lists the person's open sessions in all tenants, the last used first.",
      scope: 'account:read',
      audience: 'person',
      output: SessionList,
    })
    .query(({ ctx }) => listMySessions(ctx)),
  revokeMySession: mutation
    .meta({
      rest: 'POST /me/sessions/:id/revoke',
      summary: "Ends one of the person's own sessions.",
      scope: 'account:write',
      audience: 'person',
      audit: 'session.revoke',
      output: RevokedOutput,
      errors: ['SESSION_NOT_FOUND'],
    })
    .input(ById)
    .mutation(({ ctx, input }) => revokeMySession(ctx, input)),
  revokeMyOtherSessions: mutation
    .meta({
      rest: 'POST /me/sessions/revoke-others',
      summary: "Ends all of the person's sessions but the one that asks.",
      scope: 'account:write',
      audience: 'person',
      audit: 'session.revoke',
      output: RevokedOutput,
    })
    .input(Nothing)
    .mutation(({ ctx }) => revokeMyOtherSessions(ctx)),
};
