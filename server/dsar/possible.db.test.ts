// What an erasure leaves as it is because it may be something else, and tells.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { newId } from '#server/lib/index.ts';
import { type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();

describe('what an erasure leaves', () => {
  const json = (value: unknown) => JSON.stringify(value);
  async function letter({ tenant }: Office, said: { message: string; payload: object; rowKey: object }) {
    await db.owner`insert into dlq_entries (tenant_id, pipeline_id, run_id, version, node_id, rule, error_kind, message, payload, row_key)
      values (${tenant.id}, ms_uuid(), ms_uuid(), 1, 'n', 'r', 'rule', ${said.message}, ${json(said.payload)}::text::jsonb, ${json(said.rowKey)}::text::jsonb)`;
  }
  async function receiptOf(office: Office, customerId: string) {
    const request = await office.ask(customerId, 'erase', { acceptEmpty: true });
    await office.makeDue(request.id);
    expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    return (await office.get(request.id)).receipt as Record<string, unknown>;
  }

  it('is told in the receipt where the id may be an amount or another record’s key', async () => {
    const office = await openOffice(db, 'possible-number');
    await letter(office, { message: 'm', payload: { id: '12345' }, rowKey: { line: 1 } });
    await letter(office, { message: 'm', payload: {}, rowKey: ['12345'] });
    await letter(office, { message: 'no number in\n12345', payload: {}, rowKey: {} });
    await letter(office, { message: 'm', payload: { text: 'a\n12345' }, rowKey: {} });
    await letter(office, { message: '123456', payload: { id: '912345', a: 'x12345' }, rowKey: ['0123450'] });
    await letter(office, { message: 'm', payload: { customer_id: 12345 }, rowKey: {} });
    const key = `exports/${office.tenant.id}/interaction_history/year=2026/month=01/day=01/batch-1.json`;
    await office.blobs.put(key, ['{"customerId":"x","n":12345}', '{"customerId":"x","n":123456}', ''].join('\n'));
    expect(await receiptOf(office, '12345')).toMatchObject({
      ...{ erased: { dlq_entries: 1 }, kept: {}, possible: { dlq_entries: 4, exported_lines: 1 } },
      toDo: { dlq_entries: expect.stringContaining('look whether'), exported_lines: expect.stringContaining('look') },
    });
  });

  it('is told where people of the tenant may have written the id: in a filter, a document from Git, a model, comments and reasons', async () => {
    const office = await openOffice(db, 'possible-written');
    const { id } = office.tenant;
    const ir = json({ nodes: [{ id: 'f', kind: 'filter', where: "customer_id <> 'c17'" }] });
    const said = 'not for c17, please';
    await db.owner`with p as (
        insert into pipelines (tenant_id, name, description) values (${id}, 'a pipeline', 'all but c170') returning id)
      insert into pipeline_versions (tenant_id, pipeline_id, version, ir, digest)
        select ${id}, id, version, case when version = 1 then '{"where": "c171"}' else ${ir}::text::jsonb end, version::text
        from p, generate_series(1, 3) version`;
    await db.owner`insert into gitops_documents (tenant_id, file, line, name, document)
      values (${id}, 'p.yaml', 1, 'p', ${ir}::text::jsonb)`;
    await db.owner`with m as (
        insert into models (tenant_id, name, kind, source_table, features, label, positive, negative, created_by, updated_by)
        values (${id}, 'm', 'naive_bayes', 't', '["who"]', 'who', 'c17', 'n', 'a', 'a') returning id)
      insert into model_promotions (tenant_id, model_id, version, reason, promoted_by) select ${id}, id, 1, ${said}, 'a' from m`;
    await db.owner`with r as (
        insert into approval_requests (tenant_id, pipeline_id, target_version, target_hash, state, selectors, settings_version,
          allow_same_person, requested_by, authors, expires_at, closed_at, closed_by, close_reason, counted)
        values (${id}, ms_uuid(), 1, ${'0'.repeat(64)}, 'rejected', '{}', 1, false, 'a', '[{"name": "a"}]', now(), now(), 'a', ${said}, '[]')
        returning id),
      s as (insert into approval_stages (tenant_id, request_id, stage, name, approvers, roles)
        select ${id}, id, 0, 's', 1, '{admin}' from r returning request_id)
      insert into approval_votes (tenant_id, request_id, stage, user_id, voter, comment)
        select ${id}, request_id, 0, ms_uuid(), 'a', ${said} from s`;
    await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by, resumed_by, resumed_at)
      values (${id}, ${said}, 'leave', false, 'a', 'a', now())`;
    await db.owner`insert into retention_policies (tenant_id, data_class, retention_days, note)
      values (${id}, 'decision_traces', 0, ${said})`;
    const once = { gitops_documents: 1, models: 1, model_promotions: 1, approval_requests: 1, approval_votes: 1 };
    const receipt = await receiptOf(office, 'c17');
    expect(receipt).toMatchObject({
      ...{ erased: {}, kept: {} },
      toDo: { pipeline_versions: expect.stringContaining('filter'), gitops_documents: expect.stringContaining('Git') },
    });
    expect(receipt.possible).toEqual({ ...once, pipeline_versions: 2, tenant_stops: 1, retention_policies: 1 });
    expect(await db.owner`select from gitops_documents where document::text like '%c17''%'`).toHaveLength(1);
  });

  it('is told where the id is part of a longer word, of a file’s name, of a key, or of what a model has learned', async () => {
    const office = await openOffice(db, 'possible-word');
    const { id } = office.tenant;
    const run = newId();
    await letter(office, {
      message: 'in order-cust-p-9',
      payload: { file: 'cust-p.csv' },
      rowKey: { id: 'id_cust-p' },
    });
    await letter(office, { message: 'cust-p9', payload: {}, rowKey: {} });
    // Names of fields are not changed.
    await letter(office, { message: 'm', payload: { 'cust-p': 1 }, rowKey: {} });
    await db.owner`insert into run_nodes (tenant_id, run_id, node_id, attempt, ordinal, kind, status, sql)
      values (${id}, ${run}, 'n', 1, 1, 'source', 'failed', ${"select 'cust-p'::text as who"})`;
    await db.owner`insert into run_files (tenant_id, pipeline_id, node_id, run_id, path, processing_path, size_bytes, modified_at, state)
      values (${id}, ms_uuid(), 'n', ${run}, 'in/cust-p.csv', 'p', 1, now(), 'finished')`;
    await db.owner`insert into idempotency_keys (tenant_id, operation, key, request_hash) values (${id}, 'o', 'for-cust-p', '')`;
    await db.owner`insert into testing.events (tenant_id, type, key, payload, status, published_at)
      values (${id}, 't', 'cust-p|order-9', '{}', 'published', now())`;
    await db.owner`with m as (
        insert into models (tenant_id, name, kind, source_table, features, label, positive, negative, created_by, updated_by)
        values (${id}, 'm', 'naive_bayes', 't', '["who"]', 'l', 'y', 'n', 'a', 'a') returning id)
      insert into model_versions (tenant_id, model_id, version, status, definition, parameters, trained_by, trained_at)
      select ${id}, m.id, 1, 'ready', '{}', ${json({ terms: [{ values: [{ value: 'cust-p', weight: 1 }] }] })}::text::jsonb, 'a', now() from m`;
    expect(await receiptOf(office, 'cust-p')).toMatchObject({
      erased: { run_nodes: 1, outbox_events: 1 },
      kept: { model_versions: 1 },
      possible: { dlq_entries: 2, run_files: 1, idempotency_keys: 1 },
      toDo: { model_versions: expect.stringContaining('delete the model') },
    });
    const [{ sql: ran } = { sql: '' }] = await db.owner<
      { sql: string }[]
    >`select sql from run_nodes where run_id = ${run}`;
    expect(ran).toBe("select '[erased]'::text as who");
    const keys = await db.owner<{ key: string }[]>`select key from outbox_events where tenant_id = ${id}`;
    expect(keys.map(({ key }) => key)).toEqual(['[erased]|order-9']);
  });
});
