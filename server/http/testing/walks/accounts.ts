// People, keys, tenants, and the log of what they did.
import { newId } from '#server/lib/index.ts';
import { after, type Walks } from './names.ts';

export const INPUTS: Walks = {
  'accounts.me': () => [{}],
  'accounts.switchTenant': (names) => [{ tenant: names.slug }, { tenant: names.tenantId }],
  'accounts.updateProfile': () => [{ name: 'Walker' }],
  'accounts.changePassword': () => [{ currentPassword: 'a guess', newPassword: 'a spring that is wound' }],
  'accounts.mySessions': () => [{}],
  'accounts.revokeMySession': (names) => [{ id: names.sessionId }],
  'accounts.revokeMyOtherSessions': () => [{}],
  'accounts.users': (names) => [{ limit: 200 }, { limit: 200, search: names.slug }, { limit: 200, cursor: after('') }],
  'accounts.user': (names) => [{ id: names.userId }, { id: names.userId.toUpperCase() }],
  'accounts.setRole': (names) => [{ id: names.userId, role: 'operator' }],
  'accounts.disableUser': (names) => [{ id: names.userId }],
  'accounts.enableUser': (names) => [{ id: names.userId }, { id: names.userId.toUpperCase() }],
  'accounts.removeUser': (names) => [{ id: names.leaverId }],
  'accounts.resetLink': (names) => [{ id: names.userId }],
  'accounts.invites': () => [{ limit: 200 }, { limit: 200, cursor: after(newId()) }],
  'accounts.invite': () => [{ email: 'walker@example.org', role: 'viewer' }],
  'accounts.revokeInvite': (names) => [{ id: names.inviteId }],
  'accounts.sessions': () => [{}],
  'accounts.revokeSession': (names) => [{ id: names.sessionId }],
  'accounts.revokeUserSessions': (names) => [{ id: names.userId }],
  'accounts.keys': () => [{ limit: 200 }, { limit: 200, state: 'all', cursor: after(newId()) }],
  'accounts.createKey': () => [{ name: 'walker', scopes: ['runs:read'] }],
  'accounts.revokeKey': (names) => [{ id: names.keyId }],
  'accounts.tenants': () => [{ limit: 200 }],
  'accounts.createTenant': () => [{ slug: 'walked', name: 'Walked', adminEmail: 'walker@example.org' }],
  // Not the other one's slug: who may suspend it would, and the walks after it would find it so.
  'accounts.suspendTenant': () => [{ id: 'nowhere', reason: 'mine' }],
  'accounts.resumeTenant': (names) => [{ id: names.slug }],
  'accounts.inviteTenantAdmin': (names) => [{ id: names.slug, email: 'walker@example.org' }],
  'accounts.instanceResetLink': () => [{ email: 'nobody@example.org' }],
  // By action: one's own log also names what one tried to reach.
  'audit.list': (names) => [
    { limit: 200, action: 'filled' },
    { limit: 200, action: 'filled', target: names.pipelineId },
    { limit: 200, action: 'filled', actor: `user of ${names.slug}`, cursor: after(newId()) },
  ],
  'audit.get': (names) => [{ id: names.auditId }, { id: names.auditId.toUpperCase() }],
  'audit.chain': () => [{}],
  'audit.verify': () => [{}],
};

export const ANSWERS_ALL: readonly string[] = [
  'accounts.me',
  'accounts.updateProfile',
  // Refused for what it says of the password; it names nothing.
  'accounts.changePassword',
  'accounts.mySessions',
  'accounts.revokeMyOtherSessions',
  'accounts.users',
  'accounts.invites',
  'accounts.invite',
  'accounts.sessions',
  'accounts.keys',
  'accounts.createKey',
  'audit.list',
  'audit.chain',
  'audit.verify',
];
