// What a connection of each kind has: a public part that anybody of the tenant's operators may read, and secrets that
// nobody can read again. An address that is a secret itself (chat systems' webhooks are) is one of the secrets.
import { z } from 'zod';
import { CONNECTION_KINDS } from '#db/schema/index.ts';

export { CONNECTION_KINDS };
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\r\n\0]*$/, 'must be one line');
const secret = line(4_000);
/** Without user, password and query: those would be secrets in the part that is shown. */
const plainUrl = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .refine((text) => !/[?#]/.test(text), 'must not have a query: a query can carry a secret')
  .refine((text) => !/^[^/]*\/\/[^/]*@/.test(text), 'must not have a user or password: give them as secrets');
const host = z.string().regex(/^[\w.:[\]-]{1,253}$/, 'must be a host name or address');
const port = z.number().int().min(1).max(65_535);

/** `config`: shown. `secrets`: each is sealed. All are strict: a secret in the wrong place is refused, not stored. */
export const KINDS = {
  webhook: {
    config: z.strictObject({ headers: z.record(z.string().regex(/^[\w-]{1,60}$/), line(500)).optional() }),
    secrets: z.strictObject({
      url: z.url({ protocol: /^https?$/ }).max(2_048),
      signingSecret: secret.optional(),
      authorization: secret.optional(),
    }),
  },
  s3: {
    config: z.strictObject({
      endpoint: plainUrl.optional(),
      region: line(60).default('us-east-1'),
      bucket: z.string().regex(/^[\w.-]{1,255}$/, 'must be a bucket name'),
      prefix: z
        .string()
        .max(500)
        .regex(/^[^\0\r\n]*$/)
        .default(''),
      forcePathStyle: z.boolean().default(false),
    }),
    secrets: z.strictObject({ accessKeyId: secret, secretAccessKey: secret, sessionToken: secret.optional() }),
  },
  kafka: {
    config: z.strictObject({
      brokers: z.array(z.strictObject({ host, port })).min(1).max(20),
      clientId: line(200).optional(),
      ssl: z.boolean().default(true),
      saslMechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
      username: line(200).optional(),
    }),
    secrets: z.strictObject({ password: secret.optional() }),
  },
  git: {
    config: z.strictObject({
      url: plainUrl,
      branch: line(200).default('main'),
      path: z
        .string()
        .max(500)
        .regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))[^\0\r\n]*$/, 'must be a path inside the repository')
        .default(''),
    }),
    secrets: z.strictObject({ username: secret.optional(), token: secret.optional() }),
  },
  siem: {
    config: z.strictObject({
      backend: z.enum(['splunk', 'datadog', 'elastic']),
      endpoint: plainUrl,
      index: line(200).optional(),
      sourcetype: line(200).optional(),
    }),
    secrets: z.strictObject({ apiKey: secret }),
  },
  smtp: {
    config: z.strictObject({
      host,
      port: port.default(465),
      tls: z.enum(['implicit', 'starttls', 'none']).default('implicit'),
      from: z.email().max(320),
      username: line(320).optional(),
    }),
    secrets: z.strictObject({ password: secret.optional() }),
  },
} as const satisfies Record<ConnectionKind, { config: z.ZodObject; secrets: z.ZodObject }>;

export type ConfigOf<Kind extends ConnectionKind> = z.infer<(typeof KINDS)[Kind]['config']>;
export type SecretsOf<Kind extends ConnectionKind> = z.infer<(typeof KINDS)[Kind]['secrets']>;

/** A connection as its user gets it, decrypted; never to be logged or answered. */
export type OpenConnection<Kind extends ConnectionKind = ConnectionKind> = {
  id: string;
  name: string;
  kind: Kind;
  config: ConfigOf<Kind>;
  secrets: SecretsOf<Kind>;
};
