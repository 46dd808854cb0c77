// Which events a filter names: the same for lists and for what is done to failed ones.
import { type SQL, sql } from '#db/drizzle.ts';
import { isUuid } from '#server/lib/index.ts';
import type { EventFilter } from './schemas.ts';

/** Conditions on `outbox_events e`, beside that of the tenant. */
export function matchFilter(filter: EventFilter): SQL[] {
  const parts: SQL[] = [];
  if (filter.status) parts.push(sql`e.status = ${filter.status}`);
  // Says what the index of failed events covers.
  if (filter.status === 'failed') parts.push(sql`e.failed_at is not null`);
  if (filter.type) parts.push(sql`e.type = ${filter.type}`);
  if (filter.key) parts.push(sql`e.key = ${filter.key}`);
  if (filter.search) parts.push(matchSearch(filter.search));
  return parts;
}

/** An id, or how a key or a type begins. */
const matchSearch = (search: string): SQL =>
  isUuid(search)
    ? sql`(e.id = ${search} or e.key = ${search})`
    : sql`(starts_with(e.key, ${search}) or starts_with(e.type, ${search}))`;
