export { type Audience, admit } from './admit.ts';
export { apiKeyOf, newApiKey, type StoredApiKey, storeApiKey } from './api-key.ts';
export { authenticate, type Caller } from './authenticate.ts';
export { findLiveSessions } from './live-sessions.ts';
export { createOidc, type Oidc, type OidcAttempt, type OidcIdentity, type OidcSettings } from './oidc.ts';
export { type RefusedCaller, refusedCallerOf } from './refused-caller.ts';
export { hasScope, KEY_SCOPES, mayGive, ROLE_SCOPES, SCOPES, type Scope, scopesOf } from './scopes.ts';
export { sessionCookie, sessionTokenOf } from './session-cookie.ts';
export { openSession, requireOwnPassword, type SignedIn, type SignIn, signIn, signOut } from './sign-in.ts';
