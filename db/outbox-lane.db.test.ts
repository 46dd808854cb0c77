import { randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { laneOf } from './outbox-lane.ts';
import { testDatabase } from './testing/index.ts';

const db = await testDatabase();

/** Events of one key that lie in two lanes have no order. */
async function compare(of: { tenantId: string; key: string }[]): Promise<number[]> {
  const said = await db.owner<{ lane: number }[]>`
    select outbox_lane(tenant_id, key) as lane from unnest(${of.map(({ tenantId }) => tenantId)}::uuid[], ${of.map(({ key }) => key)}::text[])
      with ordinality as given(tenant_id, key, place) order by place`;
  const lanes = of.map(({ tenantId, key }) => laneOf(tenantId, key));
  expect(lanes).toEqual(said.map(({ lane }) => lane));
  return lanes;
}

it('says of keys of every length what the database says', async () => {
  const tenantId = randomUUID();
  const lanes = await compare(Array.from({ length: 1_025 }, (_, length) => ({ tenantId, key: 'k'.repeat(length) })));
  expect(new Set(lanes)).toEqual(new Set([0, 1, 2, 3]));
});

it('says it of any bytes, letters of several bytes and half of a pair', async () => {
  const words = [
    '',
    ' ',
    'ä',
    '€',
    '𝕏',
    'İ',
    '\ud83d',
    '\uffff',
    '\u0001',
    "it's",
    'a\\b',
    '{}',
    'NULL',
    'é'.repeat(511),
  ];
  const random = Array.from({ length: 5_000 }, (_, n) =>
    randomBytes(n % 40)
      .toString(n % 2 === 0 ? 'base64' : 'utf8')
      .replaceAll('\0', ''),
  );
  await compare([...words, ...random].map((key) => ({ tenantId: randomUUID(), key })));
});

it('does not care how the letters of a tenant are written', () => {
  const tenantId = 'abcdef01-2345-4789-8abc-def012345678';
  for (let n = 0; n < 20; n += 1) expect(laneOf(tenantId.toUpperCase(), `k${n}`)).toBe(laneOf(tenantId, `k${n}`));
});
