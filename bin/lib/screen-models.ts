// Models that have learned from the demo's own flights, for the pictures.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Installation } from '../../e2e/installation.ts';
import { asTenant } from '../../e2e/owner.ts';
import type { Call } from './screen-call.ts';

type Flight = { date: string; delay: number; distance: number; origin: string; destination: string };

/** A table of flights, and three models of it: one live in its second version, one that is no good, one untrained. */
export async function makeModels(call: Call, { tenantId }: Installation): Promise<{ modelId: string }> {
  const there = (await call('GET', '/models')).items?.find(({ name }) => name === 'Late departures');
  if (there !== undefined) return { modelId: there.id };
  await putFlights(tenantId);
  const about = { kind: 'logistic', sourceTable: 'flight_history', label: 'is_late', positive: 'true' };
  const make = async (input: object) => (await call('POST', '/models', { ...about, ...input })).id ?? '';
  const schedule = { cron: '0 5 * * *', timezone: 'Europe/Berlin' };
  const modelId = await make({ name: 'Late departures', features: ['distance'], schedule });
  await call('POST', `/models/${modelId}/train`, {});
  const features = ['hour', 'distance', 'origin', 'destination'];
  await call('PATCH', `/models/${modelId}`, { revision: 1, features });
  for (let training = 0; training < 2; training += 1) await call('POST', `/models/${modelId}/train`, {});
  const weakId = await make({ name: 'Late by distance', kind: 'naive_bayes', features: ['distance'] });
  await call('POST', `/models/${weakId}/train`, {});
  await make({ name: 'Late by airport', features: ['origin', 'destination'] });
  return { modelId };
}

async function putFlights(tenantId: string): Promise<void> {
  const file = fileURLToPath(new URL('../data/flights-20k.json', import.meta.resolve('vega-datasets')));
  const flights = JSON.parse(await readFile(file, 'utf8')) as Flight[];
  const rows = flights.map(({ date, delay, distance, origin, destination }, at) => ({
    ...{ id: at + 1, hour: Number(date.slice(11, 13)), distance, origin, destination, is_late: delay > 15 },
  }));
  await asTenant(tenantId, async (tx) => {
    await tx.unsafe(`create table flight_history
      (id int primary key, hour int, distance int, origin text, destination text, is_late boolean)`);
    await tx`insert into flight_history select * from jsonb_to_recordset(${tx.json(rows)})
      as row (id int, hour int, distance int, origin text, destination text, is_late boolean)`;
  });
}
