// What an erasure must not touch: everybody who is not its subject, whatever the subject's id looks like.
import { describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { exportInteractionsJob } from '#server/exports/index.ts';
import { newId } from '#server/lib/index.ts';
import { addSubject, log, type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();

const runExport = (office: Office) =>
  exportInteractionsJob.run(
    {
      ...{ pool: db.worker, log, processId: 'test', runId: newId(), params: {} },
      ...{ signal: new AbortController().signal, fence: async () => {}, failPoint: () => {} },
    },
    { blobs: office.blobs },
  );

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
  const amount = Number(text);
  const values = JSON.stringify({
    amount,
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
    await tx`insert into outbox_events (tenant_id, type, key, payload, status, published_at, failed_at, last_error)
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
  it.each(['7', '100000'])(
    'as is %j leaves everybody else as they were, in tables and in files',
    async (customerId) => {
      const office = await openOffice(db, `others-${customerId}`);
      await addSubject(db, office, { customerId, count: 2 });
      await addSubject(db, office, { customerId: `${customerId}1` });
      await addOther(office, customerId);
      await passHorizon(db.owner);
      await runExport(office);
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
