export { type AcceptInvite, acceptInvite, findInvite } from './accept-invite.ts';
export { MIN_PASSWORD_LENGTH } from './password.ts';
export { findReset, resetPassword } from './reset-password.ts';
export { accountProcedures } from './router.ts';
