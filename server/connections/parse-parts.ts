import type { z } from 'zod';
import { ServiceError } from '#server/lib/index.ts';
import { type ConnectionKind, KINDS } from './kinds.ts';
import type { Secrets } from './secrets.ts';

export type Parts = { config: Record<string, unknown>; secrets: Secrets };

/**
 * Configuration and secrets as the kind has them, defaults filled in. What is public of a secret address, its origin,
 * is added to the configuration.
 * @throws ServiceError INPUT_INVALID; it names fields and never a secret's value
 */
export function parseParts(kind: ConnectionKind, given: { config: unknown; secrets: unknown }): Parts {
  const { origin: _shown, ...config } = (given.config ?? {}) as Record<string, unknown>;
  const parts = {
    config: parse(KINDS[kind].config, kind === 'webhook' ? config : given.config, 'config'),
    secrets: parse(KINDS[kind].secrets, given.secrets, 'secrets') as Secrets,
  };
  refuseInconsistent(kind, parts);
  return kind === 'webhook'
    ? { ...parts, config: { ...parts.config, origin: new URL(parts.secrets.url ?? '').origin } }
    : parts;
}

function parse(schema: z.ZodObject, value: unknown, part: string): Record<string, unknown> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return Object.fromEntries(Object.entries(parsed.data).filter(([, one]) => one !== undefined));
  const issues = parsed.error.issues.map((issue) => ({
    pointer: `/${[part, ...issue.path].join('/')}`,
    message: issue.message,
  }));
  throw new ServiceError('INPUT_INVALID', issues.map((one) => `${one.pointer}: ${one.message}`).join('; '), { issues });
}

function refuseInconsistent(kind: ConnectionKind, { config, secrets }: Parts): void {
  const refuse = (message: string) => new ServiceError('INPUT_INVALID', message);
  if (kind === 'kafka' && config.saslMechanism !== undefined && !(config.username && secrets.password))
    throw refuse('/config/saslMechanism: SASL needs /config/username and /secrets/password');
  if (kind === 'smtp' && (config.username !== undefined) !== (secrets.password !== undefined))
    throw refuse('/config/username: a user needs /secrets/password, and a password a user');
  if (kind === 'smtp' && config.tls === 'none' && secrets.password !== undefined)
    throw refuse('/config/tls: a password is not sent without TLS');
}
