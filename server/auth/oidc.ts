// Signing in by another provider: the protocol alone (code flow with PKCE, state and nonce). Who may come in by it is
// for accounts/ to say.
import * as client from 'openid-client';
import { ServiceError } from '#server/lib/index.ts';

export type OidcSettings = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** On the button of the sign-in page. */
  name: string;
};

/** What must come back unchanged, kept in a cookie of the browser that went. */
export type OidcAttempt = { state: string; nonce: string; verifier: string };

export type OidcIdentity = {
  issuer: string;
  subject: string;
  /** Null: the provider names none, or does not vouch for it. */
  verifiedEmail: string | null;
  /** What the provider names, vouched for or not: for the audit log alone. */
  claimedEmail: string | null;
  name: string;
};

export type Oidc = ReturnType<typeof createOidc>;

const TIMEOUT_SECONDS = 10;

/** Discovers the provider at the first sign-in, and again after a discovery that failed. */
export function createOidc(settings: OidcSettings) {
  let found: Promise<client.Configuration> | null = null;
  const configuration = () => {
    found ??= discover(settings).catch((error: unknown) => {
      found = null;
      throw error;
    });
    return found;
  };
  return {
    name: settings.name,
    /** Where the browser is sent, and what to remember meanwhile. @throws ServiceError OIDC_FAILED */
    async begin(redirectUri: string): Promise<{ url: URL; attempt: OidcAttempt }> {
      const verifier = client.randomPKCECodeVerifier();
      const attempt = { state: client.randomState(), nonce: client.randomNonce(), verifier };
      const url = client.buildAuthorizationUrl(await configuration().catch(failed), {
        ...{ redirect_uri: redirectUri, scope: 'openid email profile', state: attempt.state, nonce: attempt.nonce },
        ...{ code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' },
      });
      return { url, attempt };
    },
    /** Who came back to `currentUrl`. @throws ServiceError OIDC_FAILED */
    async finish(currentUrl: URL, attempt: OidcAttempt): Promise<OidcIdentity> {
      try {
        return await identify(await configuration(), currentUrl, attempt);
      } catch (error) {
        return failed(error);
      }
    },
  };
}

function failed(error: unknown): never {
  throw new ServiceError('OIDC_FAILED', undefined, undefined, { cause: error });
}

function discover({ issuer, clientId, clientSecret }: OidcSettings): Promise<client.Configuration> {
  const server = new URL(issuer);
  return client.discovery(server, clientId, clientSecret, undefined, {
    timeout: TIMEOUT_SECONDS,
    // The issuer is the operator's own word: over plain http only where they wrote it so.
    ...(server.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}),
  });
}

async function identify(
  config: client.Configuration,
  currentUrl: URL,
  { state, nonce, verifier }: OidcAttempt,
): Promise<OidcIdentity> {
  const tokens = await client.authorizationCodeGrant(config, currentUrl, {
    ...{ pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
  });
  const claims = tokens.claims();
  if (!claims) throw new Error('the provider sent no ID token');
  // Many providers put the e-mail into the user info only.
  const told: Record<string, unknown> =
    claims.email === undefined ? await client.fetchUserInfo(config, tokens.access_token, claims.sub) : claims;
  const { email, email_verified: isVerified, name } = told;
  const claimedEmail = typeof email === 'string' ? email.trim().toLowerCase() : null;
  return {
    ...{ issuer: claims.iss, subject: claims.sub, claimedEmail },
    verifiedEmail: isVerified === true ? claimedEmail : null,
    name: typeof name === 'string' ? name.trim().slice(0, 200) : '',
  };
}
