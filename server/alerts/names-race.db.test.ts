// Rules and report schedules of one tenant that are made and named at the same time.
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const MAX_RULES = 200;
let tenant: Tenant;
let key: string;

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  key = await makeKey(db, tenant);
});
beforeEach(async () => {
  await db.owner`truncate alert_rules, report_schedules`;
});

async function call(method: string, path: string, body: object) {
  const answer = await web.fetch(`/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { id, code } = (await answer.json()) as { id: string; code?: string };
  return { status: answer.status, id, code };
}
const channels = [{ kind: 'log' }];
const rule = (name: string) => ({ name, metric: 'failed_runs', operator: '>', threshold: 0, channels });
const schedule = (name: string) => ({ name, template: 'sla', cron: '0 6 * * *', timezone: 'UTC', channels });
const codes = (answers: { status: number; code?: string | undefined }[]) =>
  answers.map(({ status, code }) => code ?? status).sort();
const AT_ONCE = 4;

it.each([
  ['alerts/rules', rule, 'ALERT_RULE_NAME_TAKEN'],
  ['reports/schedules', schedule, 'REPORT_NAME_TAKEN'],
] as const)(
  '%s: of those that take a name at once one has it, and the others are told that it is taken',
  async (path, body, taken) => {
    const made = await Promise.all(Array.from({ length: AT_ONCE }, () => call('POST', path, body('one'))));
    expect(codes(made)).toEqual([201, ...Array(AT_ONCE - 1).fill(taken)]);
    const others = await Promise.all(['two', 'three', 'four'].map((name) => call('POST', path, body(name))));
    const renamed = await Promise.all(others.map(({ id }) => call('PUT', `${path}/${id}`, body('wanted'))));
    expect(codes(renamed)).toEqual([200, taken, taken]);
  },
);

it('those that are made at once do not pass the most that a tenant may have', async () => {
  await db.owner`insert into alert_rules (tenant_id, name, metric, operator, threshold, window_minutes, cooldown_minutes,
      channels, created_by)
    select ${tenant.id}, 'r' || n, 'failed_runs', '>', 0, 5, 5, '[]', 'test' from generate_series(2, ${MAX_RULES}) n`;
  const made = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, n) => call('POST', 'alerts/rules', rule(`new ${n}`))),
  );
  expect(codes(made)).toEqual([201, ...Array(AT_ONCE - 1).fill('ALERT_RULES_FULL')]);
});
