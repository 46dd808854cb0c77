import { describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { recordAudit, sealBatch, verifyChain } from '#server/audit/index.ts';
import { newId, transaction } from '#server/lib/index.ts';
import { listHolds, placeHold, releaseHold } from '#server/retention/index.ts';
import { dsarReceiptHash } from './receipts.ts';
import {
  addSubject,
  auditOf,
  findAnywhere,
  findInBlobs,
  isBlobThere,
  type Office,
  openOffice,
  runExport,
} from './testing/index.ts';

const db = await testDatabase();

/** The subject in whatever can hold text that came with data. */
async function addMentions({ tenant }: Office, customerId: string) {
  const run = newId();
  const said = `customer ${customerId} is not a number`;
  const error = { code: 'X', message: said, isTransient: false, errorId: 'e' };
  await db.owner.begin(async (tx) => {
    await tx`insert into runs (tenant_id, id, pipeline_id, version, status, trigger, note, error, params, finished_at)
      values (${tenant.id}, ${run}, ms_uuid(), 1, 'failed', 'manual', ${said}, ${JSON.stringify(error)}::text::jsonb, ${JSON.stringify({ who: customerId })}::text::jsonb, now())`;
    await tx`insert into run_attempts (tenant_id, run_id, attempt, token, runner, status, error)
      values (${tenant.id}, ${run}, 1, 1, 'r', 'failed', ${JSON.stringify(error)}::text::jsonb)`;
    await tx`insert into run_nodes (tenant_id, run_id, node_id, attempt, ordinal, kind, status, warnings)
      values (${tenant.id}, ${run}, 'n', 1, 1, 'source', 'failed', ${JSON.stringify([{ rule: 'r', message: said, rowCount: 1 }])}::text::jsonb)`;
    await tx`insert into run_files (tenant_id, pipeline_id, node_id, run_id, path, processing_path, size_bytes, modified_at, state, error)
      values (${tenant.id}, ms_uuid(), 'n', ${run}, 'a.csv', 'p', 1, now(), 'finished', ${said})`;
    await tx`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
      values (${tenant.id}, ms_uuid(), ${run}, 1, 'n', 'r', 'rule', ${said}, ${JSON.stringify({ id: customerId })}::text::jsonb, ${JSON.stringify([customerId])}::text::jsonb)`;
    await tx`insert into testing.events (tenant_id, type, key, payload, status, published_at, last_error)
      values (${tenant.id}, 'other', 'another key', ${JSON.stringify({ deep: [{ ref: customerId }] })}::text::jsonb, 'published', now(), ${said})`;
    await tx`insert into idempotency_keys (tenant_id, operation, key, request_hash, response)
      values (${tenant.id}, 'o', 'k', '', ${JSON.stringify({ customerId })}::text::jsonb)`;
    await tx`insert into siem_quarantine (tenant_id, destination, audit_id, status, reason)
      values (${tenant.id}, 'd', ms_uuid(), 400, ${said})`;
    await tx`with made as (
        insert into reports (tenant_id, schedule_id, schedule_name, template, period_from, period_to, timezone, title, figures, html, csv, made_by)
        values (${tenant.id}, ms_uuid(), 's', 'sla', now(), now(), 'UTC', 't', '[]', '', '', 'm') returning id)
      insert into alert_deliveries (tenant_id, report_id, channel, last_error)
      select ${tenant.id}, id, '{"kind":"log"}', ${said} from made`;
    // Recorded of somebody else.
    await tx`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, context)
      values (${tenant.id}, 'friend-1', 'o', 'web', 'impression', ${JSON.stringify({ referredBy: customerId, n: 12.5 })}::text::jsonb)`;
  });
}

const suspend = ({ tenant }: Office) => db.owner`update tenants set status = 'suspended' where id = ${tenant.id}`;

describe('an erasure', () => {
  it('leaves the subject in no table, no blob and no exported file, and everybody else as they were', async () => {
    const [office, other] = [await openOffice(db, 'whole'), await openOffice(db, 'other')];
    const store = { ...other, blobs: office.blobs };
    const gone = await addSubject(db, office, { customerId: 'cust-17', count: 3 });
    const [kept] = await addSubject(db, office, { customerId: 'cust-171' });
    await addSubject(db, store, { customerId: 'cust-17' });
    await addMentions(office, 'cust-17');
    await passHorizon(db.owner);
    await runExport(db, office);
    await suspend(other);
    const before = await findAnywhere(db, other.tenant.id, 'cust-17');
    const request = await office.ask('cust-17', 'erase', { note: 'letter of cust-17, 3 May' });
    await office.makeDue(request.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });

    const files = ['exports', 'attachments', 'dsar'].map((name) => `${name}/${office.tenant.id}`);
    // Told apart from the one whose id only begins with it.
    const left = await findAnywhere(db, office.tenant.id, 'cust-17');
    expect(left.map(({ table }) => table)).toEqual([
      ...['ai_attachments', 'decision_traces', 'engagement_scores', 'interaction_history', 'interaction_outcomes'],
      'outbox_events',
    ]);
    await db.owner`update interaction_history set customer_id = 'x' where customer_id = 'cust-171'`;
    for (const table of [
      'ai_attachments',
      'decision_traces',
      'engagement_scores',
      'interaction_outcomes',
      'outbox_events',
    ])
      await db.owner`delete from ${db.owner(table)} where tenant_id = ${office.tenant.id} and strpos(${db.owner(table)}::text, 'cust-171') > 0`;
    expect(await findAnywhere(db, office.tenant.id, 'cust-17')).toEqual([]);
    expect(await findInBlobs(office.blobs, files, 'cust-17"')).toEqual([]);
    expect((await findInBlobs(office.blobs, files, 'cust-171')).length).toBeGreaterThanOrEqual(3);
    for (const location of gone) expect(await isBlobThere(office.blobs, location)).toBe(false);
    expect(await isBlobThere(office.blobs, kept!)).toBe(true);
    const [friend] = await db.owner`select context from interaction_history where customer_id = 'friend-1'`;
    expect(friend!.context).toEqual({ referredBy: '[erased]', n: 12.5 });
    expect(await findInBlobs(office.blobs, files, '[erased]')).toHaveLength(1);
    expect(await findAnywhere(db, other.tenant.id, 'cust-17')).toEqual(before);

    const done = await office.get(request.id);
    expect(done).toMatchObject({
      ...{ state: 'completed', customerId: null, note: 'letter of [erased], 3 May', receiptNo: 1, previousHash: null },
      counts: {
        ...{ interaction_history: 4, interaction_outcomes: 3, decision_traces: 3, ai_attachments: 3, blobs: 3 },
        ...{ engagement_scores: 1, outbox_events: 4, dlq_entries: 1, runs: 1, run_attempts: 1, run_nodes: 1 },
        ...{ run_files: 1, idempotency_keys: 1, siem_quarantine: 1, alert_deliveries: 1 },
        // Three interactions and their outcomes, and the friend's.
        exported_lines: 7,
      },
    });
    expect(JSON.stringify(done)).not.toContain('cust-17');
    expect(dsarReceiptHash(office.tenant.id, { ...done, receiptNo: 1, receipt: done.receipt! })).toBe(done.hash);
    expect(done.receipt).toMatchObject({
      kept: {},
      pipelineTables: [],
      outside: expect.arrayContaining([expect.stringContaining('backups')]),
    });
    await suspend(office);
  });

  it('is found again by the subject’s id, and names the subject nowhere in the audit log, whose chain holds', async () => {
    const office = await openOffice(db, 'chain');
    await addSubject(db, office, { customerId: 'cust-chain' });
    const hold = await placeHold(office.ctx, {
      kind: 'subject',
      customerId: 'cust-chain',
      reason: 'case of cust-chain',
      acceptEmpty: false,
    });
    await releaseHold(office.ctx, { id: hold.id, reason: 'about cust-chain' });
    expect((await listHolds(office.ctx, { state: 'all', limit: 5 })).items).toMatchObject([
      { customerId: 'cust-chain', reason: 'case of cust-chain', releaseReason: 'about cust-chain' },
    ]);
    // What something else wrote there stays, and the receipt says how many rows that are.
    await transaction(db.app, { tenantId: office.tenant.id }, (tx) =>
      recordAudit(tx, office.ctx, { action: 'old.row', targetKind: 'x', targetId: 'y', details: { of: 'cust-chain' } }),
    );
    await passHorizon(db.owner);
    while ((await sealBatch(db.worker, { limit: 1_000 })).sealed > 0);
    const request = await office.ask('cust-chain');
    await office.makeDue(request.id);
    await office.carryOut();
    await passHorizon(db.owner);
    while ((await sealBatch(db.worker, { limit: 1_000 })).sealed > 0);
    expect(await verifyChain(db.owner, office.tenant.id, new Map())).toMatchObject({
      firstBad: null,
      unsealed: 0,
    });
    const rows = await auditOf(db, office);
    expect(rows.map(({ action }) => action)).toEqual(['dsar.create', 'dsar.complete']);
    expect((await office.get(request.id)).receipt).toMatchObject({ kept: { audit_log: 1 } });
    const [named, ...more] = await db.owner`select action from audit_log
      where tenant_id = ${office.tenant.id} and strpos(audit_log::text, 'cust-chain') > 0`;
    expect([named!.action, more]).toEqual(['old.row', []]);
    expect(await findAnywhere(db, office.tenant.id, 'cust-chain')).toEqual([{ table: 'audit_log', rows: 1 }]);
    // The holds' rows and the request's own tell of the same subject.
    const hashes = await db.owner<{ hash: string }[]>`
      select distinct coalesce(after ->> 'subjectHash', details ->> 'subjectHash') as hash from audit_log
      where tenant_id = ${office.tenant.id} and (action like 'retention.%' or action like 'dsar.%')`;
    expect(hashes).toEqual([{ hash: (await office.get(request.id)).subjectHash }]);
  });

  it('tells what the tables of the tenant’s pipelines have of the subject, and leaves them', async () => {
    const office = await openOffice(db, 'tables');
    const [{ schema, role }] = (await db.owner`select schema_name as schema, role_name as role from tenants
      where id = ${office.tenant.id}`) as unknown as [{ schema: string; role: string }];
    await db.owner.unsafe(`create table "${schema}".buyers (who text, doc jsonb); alter table "${schema}".buyers owner to "${role}";
      create table "${schema}".empty (who text); alter table "${schema}".empty owner to "${role}";
      insert into "${schema}".buyers values ('cust-table', '{}'), ('x', '{"a": ["cust-table"]}'), ('cust-table-2', '{}')`);
    await addSubject(db, office, { customerId: 'cust-table' });
    const request = await office.ask('cust-table');
    await office.makeDue(request.id);
    await office.carryOut();
    expect((await office.get(request.id)).receipt).toMatchObject({ pipelineTables: [{ table: 'buyers', rows: 2 }] });
    expect(await db.owner.unsafe(`select from "${schema}".buyers`)).toHaveLength(3);
  });
});
