import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { counter, query, ServiceError, transaction } from '#server/lib/index.ts';
import { BURST_SECONDS, MAX_BUCKETS, RATE_REFRESH_MS } from './config.ts';
import { createBuckets, type Rate } from './token-bucket.ts';

export type RateLimits = {
  /**
   * Counts `cost` requests of a tenant.
   * @throws ServiceError RATE_LIMITED; details.retryAfterSeconds says when to come again
   */
  takeForTenant(tenantId: string, cost: number): void;
  /**
   * Counts a request that carries no credential or a wrong one. `address` null: it is not known, and not counted.
   * @throws ServiceError RATE_LIMITED
   */
  takeForAddress(address: string | null): void;
};

export type RateOptions = {
  pool: Pool;
  tenantPerSecond: number;
  addressPerSecond: number;
  nowMs?: () => number;
};

const limited = counter('rate_limited_total', 'Requests refused for coming too fast, by whose limit it was', ['limit']);

/** Each process counts for itself: with two web processes a tenant may twice as much. */
export function createRateLimits(options: RateOptions): RateLimits {
  const nowMs = options.nowMs ?? (() => performance.now());
  const tenants = createBuckets({ maxKeys: MAX_BUCKETS, nowMs });
  const addresses = createBuckets({ maxKeys: MAX_BUCKETS, nowMs });
  const ownRates = createOwnRates(options, nowMs);
  return {
    takeForTenant(tenantId, cost) {
      refuse('tenant', tenants.take(tenantId, ownRates.rateOf(tenantId), cost));
    },
    takeForAddress(address) {
      if (address === null) return;
      refuse('address', addresses.take(networkOf(address), toRate(options.addressPerSecond)));
    },
  };
}

const toRate = (perSecond: number): Rate => ({ perSecond, burst: perSecond * BURST_SECONDS });

function refuse(limit: string, waitMs: number): void {
  if (waitMs === 0) return;
  limited.labels(limit).inc();
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1_000));
  throw new ServiceError('RATE_LIMITED', `too many requests; come again in ${retryAfterSeconds} s`, {
    retryAfterSeconds,
  });
}

/** One customer of a provider has a whole /64 of IPv6. */
export function networkOf(address: string): string {
  const mapped = address.match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/i)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = (tail ?? '').split(':').filter(Boolean);
  const zeros =
    tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

/** A tenant's own rate, read in the background: no request waits for it, and the default holds until it is known. */
function createOwnRates({ pool, tenantPerSecond }: RateOptions, nowMs: () => number) {
  const known = new Map<string, { rate: Rate; readAtMs: number }>();
  const standard = toRate(tenantPerSecond);
  const read = async (tenantId: string) => {
    const [row] = await transaction(pool, { tenantId, statementTimeoutMs: 5_000 }, (tx) =>
      query<{ perSecond: number | null }>(
        tx,
        sql`select requests_per_second as "perSecond" from tenant_limits where tenant_id = ${tenantId}`,
      ),
    );
    const rate = row?.perSecond ? toRate(row.perSecond) : standard;
    known.set(tenantId, { rate, readAtMs: nowMs() });
  };
  return {
    rateOf(tenantId: string): Rate {
      const found = known.get(tenantId);
      if (found && nowMs() - found.readAtMs < RATE_REFRESH_MS) return found.rate;
      const rate = found?.rate ?? standard;
      // Not asked again by the next request. A failure is no matter: the rate stays until the next reading.
      known.set(tenantId, { rate, readAtMs: nowMs() });
      void read(tenantId).catch(() => undefined);
      return rate;
    },
  };
}
