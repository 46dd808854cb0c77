// Which problem codes an operation can answer: those of every door, and those that its metadata names.
import { ERROR_CODES, type ErrorCode } from '#server/lib/index.ts';
import type { RestRoute } from './rest.ts';

const EVERY: readonly ErrorCode[] = [
  'INPUT_INVALID',
  'UNAUTHENTICATED',
  'TENANT_REQUIRED',
  'TENANT_MISMATCH',
  'TENANT_SUSPENDED',
  'FORBIDDEN',
  'METHOD_NOT_ALLOWED',
  'BODY_TOO_LARGE',
  'RATE_LIMITED',
  'DATABASE_UNAVAILABLE',
  'INTERNAL',
];

/** All codes of one route, in the order of the table in lib/errors.ts. */
export function errorsOf(route: Pick<RestRoute, 'method' | 'type' | 'meta'>): ErrorCode[] {
  const codes = new Set<ErrorCode>([...EVERY, ...(route.meta.errors ?? [])]);
  if (route.method !== 'GET') codes.add('CROSS_SITE').add('MEDIA_TYPE_UNSUPPORTED');
  if (route.type === 'mutation') codes.add('IDEMPOTENCY_KEY_REUSED');
  return inTableOrder(codes);
}

/** The codes of each HTTP status, statuses ascending. */
export function byStatus(codes: Iterable<ErrorCode>): [status: string, codes: ErrorCode[]][] {
  const found = new Map<number, ErrorCode[]>();
  for (const code of inTableOrder(new Set(codes))) {
    const { http } = ERROR_CODES[code];
    found.set(http, [...(found.get(http) ?? []), code]);
  }
  return [...found].sort(([a], [b]) => a - b).map(([status, list]) => [String(status), list]);
}

const inTableOrder = (codes: ReadonlySet<ErrorCode>) =>
  (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => codes.has(code));
