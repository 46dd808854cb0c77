import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { pruneOutbox } from './index.ts';

const db = await testDatabase();
let tenantId: string;
/** The partition of the month that began `months` before this one. */
let nameOf: (months: number) => string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  const names = await db.owner<{ name: string }[]>`
    select 'outbox_events_' || to_char(now() at time zone 'UTC' - make_interval(months => n), 'YYYYMM') as name from generate_series(0, 6) n order by n`;
  nameOf = (months) => names[months]!.name;
});
beforeEach(async () => {
  await db.owner`truncate outbox_events`;
  await db.owner`update outbox_lanes set low_water = 0`;
  await db.owner.unsafe(`do $$
    declare month timestamp := date_trunc('month', now() at time zone 'UTC');
    begin
      for n in 1..6 loop
        execute format('create table if not exists %I partition of outbox_events for values from (%L) to (%L)',
          'outbox_events_' || to_char(month - make_interval(months => n), 'YYYYMM'),
          ms_uuid_at((month - make_interval(months => n)) at time zone 'UTC'),
          ms_uuid_at((month - make_interval(months => n - 1)) at time zone 'UTC'));
      end loop;
    end $$`);
});

const insert = (months: number, statuses: string[]) =>
  db.owner`insert into testing.events (tenant_id, id, type, key, payload, status, failed_at)
    select ${tenantId}, overlay(ms_uuid_at(date_trunc('month', now() at time zone 'UTC') at time zone 'UTC'
        - make_interval(months => ${months}) + interval '5 days')::text placing right(gen_random_uuid()::text, 12) from 25)::uuid,
      't.v1', 'k' || n, '{}', s.status, case when s.status = 'failed' then now() end
    from unnest(${statuses}::outbox_status[]) with ordinality as s(status, n)`;
const passAll = () => db.owner`update outbox_lanes set low_water = (select coalesce(max(seq), 0) from outbox_events)`;
const partitions = async () =>
  (
    await db.owner<
      { name: string }[]
    >`select relname as name from pg_class where relname ~ '^outbox_events_[0-9]{6}$' order by 1`
  ).map(({ name }) => name);

it('drops months in which every event is published or discarded, and no other', async () => {
  await insert(5, ['published', 'discarded', 'published']);
  await insert(4, ['published', 'failed']);
  await insert(0, ['published']);
  await passAll();
  await insert(3, ['published', 'pending']);
  const { dropped, kept } = await pruneOutbox(db.owner, { days: 35 });
  expect(dropped).toContain(nameOf(5));
  expect(kept).toEqual([nameOf(4), nameOf(3)]);
  const left = await partitions();
  expect(left).not.toContain(nameOf(5));
  for (const months of [0, 1, 3, 4]) expect(left).toContain(nameOf(months));
  const rows = await db.owner`select status from outbox_events order by status::text`;
  expect(rows.map((row) => row.status)).toEqual(['failed', 'pending', 'published', 'published', 'published']);
});

it('drops nothing that is younger than it was told', async () => {
  await insert(2, ['published']);
  await passAll();
  await pruneOutbox(db.owner, { days: 3_650 });
  expect(await partitions()).toContain(nameOf(2));
});

it('does not keep others waiting while somebody reads, and drops once they have done', async () => {
  await insert(5, ['published']);
  await passAll();
  const reading = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const reader = db.owner.begin(async (tx) => {
    await tx`select count(*) from outbox_events`;
    reading.resolve();
    await mayEnd.promise;
  });
  await reading.promise;
  const pruning = pruneOutbox(db.owner, { days: 35 });
  // While the drop tries again and again an insert gets through.
  await insert(0, ['pending']);
  expect(await partitions()).toContain(nameOf(5));
  mayEnd.resolve();
  await reader;
  expect((await pruning).dropped).toContain(nameOf(5));
});

it('leaves a detached month that somebody has locked to the next cleanup, and no other for it', async () => {
  await insert(5, ['published']);
  await passAll();
  await db.owner`create table a_month_of_old (id int)`;
  await db.owner`insert into detached_months (part, of_table, judged_by, is_detached)
    values ('a_month_of_old', 'outbox_events', pg_current_xact_id(), true)`;
  const isLocked = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const reader = db.owner.begin(async (tx) => {
    await tx`lock table a_month_of_old in access share mode`;
    isLocked.resolve();
    await mayEnd.promise;
  });
  await isLocked.promise;
  expect((await pruneOutbox(db.owner, { days: 35 })).dropped).toContain(nameOf(5));
  expect(await db.owner`select from outbox_events`).toHaveLength(0);
  mayEnd.resolve();
  await reader;
  await pruneOutbox(db.owner, { days: 35 });
  expect(await partitions()).not.toContain(nameOf(5));
  expect(await db.owner`select from detached_months`).toHaveLength(0);
  expect(await db.owner`select to_regclass('a_month_of_old') as left`).toEqual([{ left: null }]);
});

describe('the default partition', () => {
  const inNet = async () =>
    (await db.owner<{ status: string }[]>`select status from outbox_events_default order by seq`).map(
      ({ status }) => status,
    );
  /** Events whose month has no partition, last changed so many days ago. */
  const insertIntoNet = async (statuses: string[], { days = 36 } = {}) => {
    await insert(20, statuses);
    await db.owner`update outbox_events_default set updated_at = now() - make_interval(days => ${days})
      where updated_at > now() - interval '1 hour'`;
  };

  it('is emptied when all that it has is old and done', async () => {
    await insertIntoNet(['published', 'discarded']);
    await insert(0, ['published']);
    await passAll();
    expect(await inNet()).toEqual(['published', 'discarded']);
    const { dropped, kept } = await pruneOutbox(db.owner, { days: 35 });
    expect(dropped).toContain('outbox_events_default');
    expect(kept).toEqual([]);
    expect(await inNet()).toEqual([]);
    expect(await db.owner`select from outbox_events`).toHaveLength(1);
  });

  it.each(['failed', 'pending'])('keeps everything while one event is %s', async (status) => {
    await insertIntoNet(['published']);
    if (status === 'pending') await passAll();
    await insertIntoNet([status]);
    if (status === 'failed') await passAll();
    expect((await pruneOutbox(db.owner, { days: 35 })).kept).toEqual(['outbox_events_default']);
    expect(await inNet()).toEqual(['published', status]);
  });

  it('keeps everything while the last event of one lane is younger than it was told', async () => {
    await insertIntoNet(Array.from({ length: 50 }, () => 'published'));
    await insertIntoNet(['published'], { days: 34 });
    await passAll();
    const { dropped, kept } = await pruneOutbox(db.owner, { days: 35 });
    expect([...dropped, ...kept]).not.toContain('outbox_events_default');
    expect(await inNet()).toHaveLength(51);
  });
});
