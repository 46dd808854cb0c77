// What comes in from outside, and the other systems that are asked or told.
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { list, type Missing } from './values.ts';

/** As server/outbound reads them, which takes no `010.0.0.0/8`: whether that is octal is anybody's guess. */
const isCidr = (text: string) => {
  const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
  return whole.includes(':') ? ipaddr.isValidCIDR(whole) : ipaddr.IPv4.isValidCIDRFourPartDecimal(whole);
};

export const OUTSIDE = {
  /** Requests of one tenant that one web process takes in a second; a tenant's own limit goes before it. */
  RATE_LIMIT_TENANT_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  /** The same for one address without a credential. */
  RATE_LIMIT_ADDRESS_PER_SECOND: z.coerce.number().int().min(1).max(1_000_000).default(500),
  /** Proxies of yours before the web process; so many last entries of X-Forwarded-For are believed. */
  TRUSTED_PROXY_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  /** Ranges outside the internet that addresses set by tenants may lie in, by commas: `10.1.0.0/16,192.168.7.4`. */
  OUTBOUND_ALLOW_CIDRS: list(isCidr, 'must be ranges such as 10.1.0.0/16, separated by commas'),
  /** Blobs (exports, attachments) lie in this folder, or in the bucket below when one is named. Default: MAINSPRING_HOME. */
  BLOBS_DIR: z.string().optional(),
  BLOBS_S3_BUCKET: z.string().min(3).optional(),
  /** Where the bucket is; absent: AWS. GCS and others by their S3 endpoint. */
  BLOBS_S3_ENDPOINT: z.url().optional(),
  BLOBS_S3_REGION: z.string().default('us-east-1'),
  /** Absent: the SDK's own chain of credentials. */
  BLOBS_S3_ACCESS_KEY_ID: z.string().optional(),
  BLOBS_S3_SECRET_ACCESS_KEY: z.string().optional(),
  /** smtp:// or smtps://, with user and password where asked for. Absent: alerts and reports cannot be mailed. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z.string().min(3).max(300).default('mainspring@localhost'),
  /** Called every minute while database, scheduler and runner are well; it is the operator's, so it may be private. */
  HEARTBEAT_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Sign-in by an OpenID Connect provider, with PUBLIC_URL/oidc/callback as its redirect address. All three or none. */
  OIDC_ISSUER: z.url({ protocol: /^https?$/ }).optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: z.string().optional(),
  /** On the button of the sign-in page. */
  OIDC_NAME: z.string().max(60).default('single sign-on'),
};

/** What must be set together and is not. */
export function missingForOutside(env: z.infer<z.ZodObject<typeof OUTSIDE>>): Missing[] {
  const missing: Missing[] = [];
  const need = (name: keyof typeof env, isThere: boolean, because: string) => {
    if (!isThere) missing.push([name, because]);
  };
  if (!!env.BLOBS_S3_ACCESS_KEY_ID !== !!env.BLOBS_S3_SECRET_ACCESS_KEY)
    need('BLOBS_S3_ACCESS_KEY_ID', false, 'and BLOBS_S3_SECRET_ACCESS_KEY must be set together');
  for (const name of ['OIDC_ISSUER', 'OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET'] as const)
    if (env.OIDC_ISSUER || env.OIDC_CLIENT_ID || env.OIDC_CLIENT_SECRET)
      need(name, !!env[name], 'must be set, as OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET go together');
  return missing;
}
