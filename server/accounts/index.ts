export { type AcceptInvite, acceptInvite, findInvite } from './accept-invite.ts';
export { findInstanceOperator, type Initialise, type Initialised, initialise } from './initialise.ts';
export { type CreateKey, createKey } from './keys.ts';
export { MIN_PASSWORD_LENGTH } from './password.ts';
export { findReset, resetPassword } from './reset-password.ts';
export { accountProcedures } from './router.ts';
export { signInIdentity } from './sign-in-identity.ts';
