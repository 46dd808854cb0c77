import type { AuditFilter, AuditLog } from '#server/web/index.ts';

export const PAGE_SIZE = 50;

export const OUTCOMES = [
  { value: 'done', label: 'Done' },
  { value: 'refused', label: 'Refused' },
] as const;

/** `2026-11-21T08:00` as a form's field has it, taken as UTC; null for what is no instant. */
export function instantOf(local: string): string | null {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(local) ? Date.parse(`${local}Z`) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** Which log the address asks for: `?log=instance`, else the tenant's. */
export const logOf = (url: string): AuditLog =>
  new URL(url).searchParams.get('log') === 'instance' ? 'instance' : 'tenant';

/** The part of an address that says so. */
export const logQuery = (log: AuditLog): string => (log === 'instance' ? '?log=instance' : '');

/** What the address asks of the log; what it says wrongly is left away. */
export function auditFilter(url: string): AuditFilter & { log: AuditLog; limit: number; cursor?: string } {
  const { searchParams } = new URL(url);
  const field = (name: string, most: number) => (searchParams.get(name) ?? '').trim().slice(0, most);
  const [actor, action, target] = [field('actor', 320), field('action', 100), field('target', 320)];
  const outcome = OUTCOMES.find(({ value }) => value === field('outcome', 20))?.value;
  const [from, to] = [instantOf(field('from', 20)), instantOf(field('to', 20))];
  const cursor = searchParams.get('cursor');
  return {
    log: logOf(url),
    limit: PAGE_SIZE,
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(target ? { target } : {}),
    ...(outcome ? { outcome } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
    ...(cursor ? { cursor } : {}),
  };
}

/** Something besides the page narrows the list. */
export const isNarrowed = (filter: AuditFilter): boolean =>
  ['actor', 'action', 'target', 'outcome', 'from', 'to'].some((name) => name in filter);
