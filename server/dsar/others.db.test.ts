// What an erasure must not touch: everybody who is not its subject, whatever the subject's id looks like.
import { describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { newId } from '#server/lib/index.ts';
import { placeHold } from '#server/retention/index.ts';
import { addSubject, type Office, openOffice, runExport } from './testing/index.ts';

const db = await testDatabase();

const TABLES = [
  ...['interaction_history', 'interaction_outcomes', 'decision_traces', 'ai_attachments', 'engagement_scores'],
  ...['dlq_entries', 'outbox_events', 'runs', 'run_nodes', 'run_files', 'idempotency_keys'],
];

/** Everything of the tenant that is not the subject's own, as text: tables by row, files by line. */
async function readOthers({ tenant, blobs }: Office, customerId: string): Promise<string[]> {
  const lines: string[] = [];
  for (const table of TABLES)
    for (const { said } of await db.owner<{ said: string }[]>`
      select ${table}::text || ' ' || r::text as said from ${db.owner(table)} r where tenant_id = ${tenant.id}
        and coalesce(to_jsonb(r) ->> 'customer_id', to_jsonb(r) ->> 'key', '') <> ${customerId} order by 1`)
      lines.push(said);
  for await (const key of blobs.list(`exports/${tenant.id}`))
    for (const line of Buffer.concat(await (await blobs.read(key))!.toArray())
      .toString('utf8')
      .split('\n'))
      if (line !== '' && (JSON.parse(line) as { customerId: string }).customerId !== customerId) lines.push(line);
  return lines;
}

/** Somebody else, in everything that holds data, with the text as a value and as a number wherever one can stand. */
async function addOther({ tenant }: Office, text: string): Promise<void> {
  const run = newId();
  const amount = Number.isNaN(Number(text)) ? 12 : Number(text);
  const values = JSON.stringify({
    amount,
    [text]: amount,
    quantity: [amount],
    sku: text,
    note: `${text} of them`,
    customerId: 'other-1',
  });
  await db.owner.begin(async (tx) => {
    const [row] = await tx<{ id: string }[]>`
      insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context)
      values (${tenant.id}, 'other-1', ${text}, ${text}, ${text}, ${values}::text::jsonb) returning id`;
    await tx`insert into interaction_outcomes (tenant_id, interaction_id, customer_id, outcome)
      values (${tenant.id}, ${row!.id}, 'other-1', ${text})`;
    await tx`insert into decision_traces (tenant_id, interaction_id, customer_id, trace)
      values (${tenant.id}, ${row!.id}, 'other-1', ${values}::text::jsonb)`;
    await tx`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
      values (${tenant.id}, ms_uuid(), ${run}, 1, 'n', 'r', 'rule', ${text}, ${values}::text::jsonb, ${JSON.stringify([amount, text])}::text::jsonb)`;
    await tx`insert into testing.events (tenant_id, type, key, payload, status, published_at, failed_at, last_error)
      values (${tenant.id}, 't', 'other-1', ${values}::text::jsonb, 'published', now(), null, ${text}),
        (${tenant.id}, 't', 'other-1', ${values}::text::jsonb, 'failed', null, now(), ${text})`;
    await tx`insert into runs (tenant_id, id, pipeline_id, version, status, trigger, note, params, finished_at)
      values (${tenant.id}, ${run}, ms_uuid(), 1, 'failed', 'manual', ${text}, ${JSON.stringify({ limit: text })}::text::jsonb, now())`;
    await tx`insert into run_nodes (tenant_id, run_id, node_id, attempt, ordinal, kind, status, sql)
      values (${tenant.id}, ${run}, 'n', 1, 1, 'source', 'failed', ${`select * from t limit ${text}`})`;
    await tx`insert into idempotency_keys (tenant_id, operation, key, request_hash, response)
      values (${tenant.id}, 'o', ${`k-${text}`}, '', ${values}::text::jsonb)`;
  });
}

describe('an erasure of a customer whose id is a common word', () => {
  it.each(['7', '100000', 'unknown', 'email', 'true', 'null', 'erased'])(
    'as is %j leaves everybody else as they were, in tables and in files',
    async (customerId) => {
      const office = await openOffice(db, `others-${customerId}`);
      await addSubject(db, office, { customerId, count: 2 });
      await addSubject(db, office, { customerId: `${customerId}1` });
      await addOther(office, customerId);
      await passHorizon(db.owner);
      await runExport(db, office);
      const before = await readOthers(office, customerId);
      // Of the other: two in files, and seven rows; the neighbour has as many as the subject without being it.
      expect(before.length).toBeGreaterThanOrEqual(17);
      const request = await office.ask(customerId);
      await office.makeDue(request.id);
      expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
      expect(await readOthers(office, customerId)).toEqual(before);
      expect((await office.get(request.id)).counts).toMatchObject({
        ...{ interaction_history: 2, interaction_outcomes: 2, decision_traces: 2, ai_attachments: 2, outbox_events: 2 },
        exported_lines: 4,
      });
      expect(
        await db.owner`select from interaction_history where tenant_id = ${office.tenant.id}
      and customer_id = ${customerId}`,
      ).toHaveLength(0);
      await db.owner`update tenants set status = 'suspended' where id = ${office.tenant.id}`;
    },
  );
});

const seen = async <T>(rows: PromiseLike<readonly object[]>) => (await rows) as unknown as T[];

describe('an erasure of somebody whom others mention', () => {
  it('takes the name out of their events and dead letters, and leaves theirs who are on hold or may go again', async () => {
    const office = await openOffice(db, 'mentions');
    const { id } = office.tenant;
    await addSubject(db, office, { customerId: 'cust-m' });
    const event = (key: string, status: string, payload: object) =>
      db.owner`insert into testing.events (tenant_id, type, key, payload, status, published_at, failed_at)
        values (${id}, 't', ${key}, ${JSON.stringify(payload)}::text::jsonb, ${status}::outbox_status,
          case when ${status}::text = 'published' then now() end, case when ${status}::text = 'failed' then now() end)`;
    const letter = (rowKey: unknown, payload: object | null) =>
      db.owner`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
        values (${id}, ms_uuid(), ms_uuid(), 1, 'n', 'r', 'rule', 'm', ${payload && JSON.stringify(payload)}::text::jsonb, ${JSON.stringify(rowKey)}::text::jsonb)`;
    await addSubject(db, office, { customerId: 'held-1' });
    const hold = { kind: 'subject', customerId: 'held-1', reason: 'Case', acceptEmpty: false } as const;
    await placeHold(office.ctx, hold);
    await event('cust-m', 'failed', { own: 1 });
    await event('friend-1', 'published', { by: 'cust-m', n: 1 });
    await event('friend-1', 'discarded', { customerId: 'friend-1', note: 'for cust-m' });
    await event('friend-1', 'failed', { by: 'cust-m', n: 3 });
    await event('held-1', 'published', { by: 'cust-m', n: 4 });
    await event('another', 'published', { customerId: 'held-1', by: 'cust-m' });
    await letter([1], { customer_id: 'cust-m', n: 1 });
    await letter(['cust-m'], null);
    await letter([3], { customer_id: 'friend-1', by: 'cust-m' });
    await letter(['cust-m', 4], { customer_id: 'friend-1' });
    await letter([5], { customer_id: 'held-1', by: 'cust-m' });
    const request = await office.ask('cust-m');
    await office.makeDue(request.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    expect(
      await seen(db.owner`select key, status, payload from outbox_events where tenant_id = ${id}
        and type = 't' order by seq`),
    ).toEqual([
      { key: 'friend-1', status: 'published', payload: { by: '[erased]', n: 1 } },
      { key: 'friend-1', status: 'discarded', payload: { customerId: 'friend-1', note: 'for [erased]' } },
      { key: 'friend-1', status: 'failed', payload: { by: 'cust-m', n: 3 } },
      { key: 'held-1', status: 'published', payload: { by: 'cust-m', n: 4 } },
      { key: 'another', status: 'published', payload: { customerId: 'held-1', by: 'cust-m' } },
    ]);
    expect(await seen(db.owner`select row_key, payload from dlq_entries where tenant_id = ${id} order by id`)).toEqual([
      { row_key: [3], payload: { customer_id: 'friend-1', by: '[erased]' } },
      { row_key: ['[erased]', 4], payload: { customer_id: 'friend-1' } },
      { row_key: [5], payload: { customer_id: 'held-1', by: 'cust-m' } },
    ]);
    expect((await office.get(request.id)).receipt).toMatchObject({
      erased: { outbox_events: 4, dlq_entries: 4 },
      kept: { outbox_events: 3, dlq_entries: 1 },
    });
  });

  it('leaves the lines of somebody on hold in exported files as they are, and counts them', async () => {
    const office = await openOffice(db, 'held-lines');
    await addSubject(db, office, { customerId: 'held-2' });
    await placeHold(office.ctx, { kind: 'subject', customerId: 'held-2', reason: 'Case', acceptEmpty: false });
    const key = `exports/${office.tenant.id}/interaction_history/year=2026/month=01/day=01/batch-1.json`;
    const line = (customerId: string) => JSON.stringify({ customerId, context: { by: 'cust-l' } });
    await office.blobs.put(key, [line('held-2'), line('friend-2'), line('cust-l'), ''].join('\n'));
    const request = await office.ask('cust-l', 'erase', { acceptEmpty: true });
    await office.makeDue(request.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    const left = Buffer.concat(await (await office.blobs.read(key))!.toArray()).toString('utf8');
    expect(
      left
        .split('\n')
        .filter(Boolean)
        .map((one) => JSON.parse(one) as unknown),
    ).toEqual([
      { customerId: 'held-2', context: { by: 'cust-l' } },
      { customerId: 'friend-2', context: { by: '[erased]' } },
    ]);
    expect((await office.get(request.id)).receipt).toMatchObject({
      ...{ erased: { exported_lines: 2 }, kept: { exported_lines: 1 } },
    });
  });
});

describe('a line of an exported file that is no JSON', () => {
  it('keeps no erasure from its end: it goes where it is the subject’s, and else loses the name', async () => {
    const office = await openOffice(db, 'broken-lines');
    const key = `exports/${office.tenant.id}/interaction_history/year=2026/month=01/day=01/batch-1.json`;
    const lines = [
      ...['{"customerId":"friend-3","context":{"by":"cust-br', '{"customerId": "cust-br", "offerId": "o', 'cust-br?'],
      ...['{"a":"cust-br \\u0000"}', 'zeros \0\0 cust-br \0', `{"deep":${'['.repeat(20_000)}"cust-br"`],
      ...Array.from({ length: 1_200 }, (_, n) => JSON.stringify({ n, customerId: 'x', said: 'of cust-br' })),
      '{"customerId":"cust-br"}',
    ];
    await office.blobs.put(key, lines.join('\n'));
    const request = await office.ask('cust-br', 'erase', { acceptEmpty: true });
    await office.makeDue(request.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    const left = Buffer.concat(await (await office.blobs.read(key))!.toArray()).toString('utf8');
    expect(left.split('\n').slice(0, 5)).toEqual([
      ...['{"customerId":"friend-3","context":{"by":"[erased]', '[erased]?', '{"a":"[erased] \\u0000"}'],
      ...['zeros \0\0 [erased] \0', `{"deep":${'['.repeat(20_000)}"[erased]"`],
    ]);
    const rest = left.split('\n').slice(5, -1);
    expect(rest.map((line) => (JSON.parse(line) as { n: number }).n)).toEqual(
      Array.from({ length: 1_200 }, (_, n) => n),
    );
    expect(left).not.toContain('cust-br');
    expect((await office.get(request.id)).counts).toEqual({ exported_lines: lines.length });
  });
});
