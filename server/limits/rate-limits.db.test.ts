import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createRateLimits, networkOf } from './rate-limits.ts';

const db = await testDatabase();

describe('the rate of a tenant', () => {
  it('is its own where one was set, which no request waits for, and changes with it', async () => {
    const { id } = await createTenant(db.owner, { slug: 'slow', name: 'Slow' });
    await db.owner`insert into tenant_limits (tenant_id, requests_per_second, updated_by) values (${id}, 1, 'test')`;
    let nowMs = 0;
    const limits = createRateLimits({ pool: db.app, tenantPerSecond: 1_000, addressPerSecond: 1, nowMs: () => nowMs });
    const given = () => {
      for (let count = 0; count < 100; count += 1)
        try {
          limits.takeForTenant(id, 1);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterSeconds: 1 } });
          return count;
        }
      return 100;
    };
    // The first are let through at the default; then what was read in the background holds.
    expect(given()).toBe(100);
    await expect.poll(given, { timeout: 20_000, interval: 50 }).toBeLessThanOrEqual(2);
    await db.owner`update tenant_limits set requests_per_second = 50 where tenant_id = ${id}`;
    const later = () => {
      nowMs += 1_000;
      return given();
    };
    nowMs += 31_000;
    given();
    await expect.poll(later, { timeout: 20_000, interval: 50 }).toBeGreaterThanOrEqual(50);
  });
});

describe('the network of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
