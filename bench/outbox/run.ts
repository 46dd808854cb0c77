// `npm run bench:outbox`: the outbox against its peers on the same server in the same run. Absolute figures are this
// machine's at this hour; the medians of the ratios within a round are what can be compared.
//
//   BENCH_ROWS    rows of a drain (600,000 to nowhere: of fewer what a process does at its start is a good part, a twentieth of 200,000;
//                 200,000 to Kafka and under a held snapshot)
//   BENCH_ROUNDS  rounds of everything (5; three times as many of storing, three at most of pickup and saturated)
//   BENCH_PARTS   which of drain,kafka,held,pickup,enqueue,saturated (all, in this order)
//   BENCH_SHORT   1: 5,000 rows, 2 rounds, to see that it runs
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool, urlForRole } from '#db/client.ts';
import { startEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { roleNames } from '#db/roles.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { hasKafka, startKafka } from '#workers/testing/kafka/broker.ts';
import { kafkaRound } from './drain-kafka.ts';
import { drainOurs, fillOutbox } from './drain-ours.ts';
import { drainBoss, drainGraphile, fillBoss, fillGraphile, openBoss } from './drain-peers.ts';
import { enqueueRound } from './enqueue.ts';
import { type Cost, costOf, median, percentile, say } from './figures.ts';
import { heldSnapshotDecay } from './held-snapshot.ts';
import { pickupGraphile, pickupOurs } from './pickup.ts';
import { type Latency, type Load, openLoads, type Place, publishBeside } from './saturated.ts';

const isShort = process.env.BENCH_SHORT === '1';
const ROWS = Number(process.env.BENCH_ROWS ?? (isShort ? 5_000 : 200_000));
const DRAIN_ROWS = Number(process.env.BENCH_ROWS ?? (isShort ? 5_000 : 600_000));
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? (isShort ? 2 : 5));
const ENQUEUE_ROUNDS = 3 * ROUNDS;
const PASSWORDS = { app: 'bench-app', worker: 'bench-worker' };
const PAYLOADS = [30, 300];

type Round = Record<'ours' | 'graphile batched' | 'graphile default' | 'pg-boss', Cost>;
type Servers = Awaited<ReturnType<typeof openServers>>;

async function openServers(ownerUrl: string, home: string) {
  await migrate({ ownerUrl, rolePrefix: 'bench', passwords: PASSWORDS });
  const roles = roleNames('bench');
  const workerUrl = urlForRole(ownerUrl, roles.worker, PASSWORDS.worker);
  // To fill graphile's queue is one statement that may take minutes.
  const open = (url: string, max: number) => openPool({ url, max, applicationName: 'bench', answerTimeoutMs: null });
  const owner = open(ownerUrl, 4);
  const worker = open(workerUrl, 4);
  const app = open(urlForRole(ownerUrl, roles.app, PASSWORDS.app), 12);
  const [place] = await owner<{ dir: string }[]>`select setting as dir from pg_settings where name = 'data_directory'`;
  const postmasterPid = Number((await readFile(join(place!.dir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  const tenant = await createTenant(owner, { slug: 'bench', name: 'Bench' });
  return { ownerUrl, workerUrl, owner, worker, app, postmasterPid, tenantId: tenant.id, home };
}

/** Every drain of one round, one after the other on the same server. */
async function drainRound(servers: Servers, payloadBytes: number): Promise<Round> {
  const { owner, ownerUrl, workerUrl, postmasterPid, tenantId } = servers;
  const timed = async (fill: () => Promise<void>, drain: () => Promise<unknown>): Promise<Cost> => {
    await fill();
    let stop: unknown;
    const cost = await costOf(owner, postmasterPid, async () => {
      stop = await drain();
    });
    if (typeof stop === 'function') await stop();
    return cost;
  };
  const boss = await openBoss(ownerUrl);
  const round: Round = {
    ours: await timed(
      () => fillOutbox(owner, tenantId, DRAIN_ROWS, payloadBytes),
      () => drainOurs(owner, workerUrl, DRAIN_ROWS),
    ),
    'graphile batched': await timed(
      () => fillGraphile(ownerUrl, owner, DRAIN_ROWS, payloadBytes),
      () => drainGraphile(ownerUrl, owner, DRAIN_ROWS, true),
    ),
    // A tenth of the rows: it is slow, and its rate does not depend on how many there are.
    'graphile default': await timed(
      () => fillGraphile(ownerUrl, owner, DRAIN_ROWS / 10, payloadBytes),
      () => drainGraphile(ownerUrl, owner, DRAIN_ROWS / 10, false),
    ),
    'pg-boss': await timed(
      () => fillBoss(boss, DRAIN_ROWS, payloadBytes),
      () => drainBoss(boss),
    ),
  };
  await boss.stop();
  return round;
}

const rowsOf = (variant: keyof Round) => (variant === 'graphile default' ? DRAIN_ROWS / 10 : DRAIN_ROWS);
const rate = (round: Round, variant: keyof Round) => rowsOf(variant) / round[variant].seconds;

const databaseOf = (round: Round, variant: keyof Round) => round[variant].databaseCpuSeconds / rowsOf(variant);

function reportDrains(payloadBytes: number, rounds: Round[]): void {
  say(`\n### Drain, ${DRAIN_ROWS} rows, payload ${payloadBytes} bytes, ${rounds.length} rounds\n`);
  say('| | rows/s (median) | ours is × | WAL B a row | CPU µs a row: client | database | of it ours takes × |');
  say('|---|---|---|---|---|---|---|');
  for (const variant of Object.keys(rounds[0]!) as (keyof Round)[]) {
    const of = (pick: (cost: Cost) => number) => median(rounds.map((round) => pick(round[variant]) / rowsOf(variant)));
    const ratio = median(rounds.map((round) => rate(round, 'ours') / rate(round, variant)));
    const perSecond = median(rounds.map((round) => rate(round, variant)));
    const databaseUs = of((cost) => cost.databaseCpuSeconds * 1e6).toFixed(1);
    const databaseRatio = median(rounds.map((round) => databaseOf(round, 'ours') / databaseOf(round, variant)));
    const clientUs = of((cost) => cost.clientCpuSeconds * 1e6).toFixed(1);
    const walBytes = Math.round(of((cost) => cost.walBytes));
    const cost = [walBytes, clientUs, databaseUs, databaseRatio.toFixed(2)].join(' | ');
    say(`| ${variant} | ${Math.round(perSecond)} | ${ratio.toFixed(2)} | ${cost} |`);
  }
}

async function reportEnqueue({ app, tenantId }: Servers): Promise<void> {
  say('\n### Enqueue: transactions a second with a business row, alone and with its event\n');
  say('| connections | alone | with event | with ÷ alone (median of rounds) |');
  say('|---|---|---|---|');
  for (const connections of [1, 10]) {
    const rounds: { alone: number; withEvent: number }[] = [];
    // A round takes a second or two, in which the machine is quick or slow.
    for (let n = 0; n < ENQUEUE_ROUNDS; n += 1)
      rounds.push(await enqueueRound(app, tenantId, connections, isShort ? 300 : 2_000, n));
    const ratio = median(rounds.map(({ alone, withEvent }) => withEvent / alone));
    const of = (pick: 'alone' | 'withEvent') => Math.round(median(rounds.map((round) => round[pick])));
    say(`| ${connections} | ${of('alone')} | ${of('withEvent')} | ${ratio.toFixed(2)} |`);
  }
}

async function reportPickup(servers: Servers): Promise<void> {
  say('\n### From commit to being worked on, at 500 a second, milliseconds\n');
  say('| round | ours p50 | p99 | beside a backlog in another lane p50 | p99 | graphile p50 | p99 |');
  say('|---|---|---|---|---|---|---|');
  const count = isShort ? 500 : 2_500;
  for (let round = 1; round <= Math.min(ROUNDS, 3); round += 1) {
    const rounds = [
      await pickupOurs(servers, count),
      await pickupOurs(servers, count, 400 * count),
      await pickupGraphile(servers.ownerUrl, count),
    ];
    const shown = rounds.flatMap((times) => [percentile(times, 0.5), percentile(times, 0.99)]);
    say(`| ${round} | ${shown.map((ms) => ms.toFixed(1)).join(' | ')} |`);
  }
}

async function reportKafka({ owner, workerUrl, tenantId, home }: Servers): Promise<void> {
  if (!hasKafka()) return;
  const kafka = await startKafka({ dir: join(home, 'kafka') });
  const rounds: { bare: number; ours: number }[] = [];
  try {
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push(await kafkaRound({ owner, workerUrl, tenantId, round, brokers: kafka.brokers }, ROWS, 300));
  } finally {
    await kafka.discard();
  }
  const of = (pick: 'bare' | 'ours') => Math.round(median(rounds.map((round) => round[pick])));
  const ratio = median(rounds.map(({ bare, ours }) => ours / bare)).toFixed(2);
  say(`\n### To a real broker, ${ROWS} rows, payload 300 bytes, ${rounds.length} rounds\n`);
  say(`kafkajs alone ${of('bare')}/s, from the outbox ${of('ours')}/s: ${ratio} × (median of rounds).`);
}

async function reportHeldSnapshot({ owner, worker, tenantId }: Servers): Promise<void> {
  const ratios: number[] = [];
  for (let n = 0; n < ROUNDS; n += 1) {
    await fillOutbox(owner, tenantId, ROWS, 30);
    ratios.push(await heldSnapshotDecay(owner, worker));
  }
  say('\n### Under a held snapshot\n');
  say(`The last 20 batches took ${median(ratios).toFixed(2)} × the first 20 (median of ${ratios.length} rounds).`);
}

async function reportSaturated({ owner, app, ownerUrl, home }: Servers): Promise<void> {
  const at = { owner, app, ownerUrl, home, rolePrefix: 'bench', workerPassword: PASSWORDS.worker };
  const loads = await openLoads(at, isShort ? 200_000 : 1_000_000);
  say(`\n### From being stored to being published beside a run of ${loads.rows} rows, milliseconds\n`);
  say('| run | publisher | events | p50 | p99 | split ÷ co-located, p99 (median of rounds) |');
  say('|---|---|---|---|---|---|');
  const medianOf = (of: Latency[], pick: (latency: Latency) => number) => Math.round(median(of.map(pick)));
  for (const load of ['file', 'sql'] satisfies Load[]) {
    const seen: Record<Place, Latency[]> = { 'co-located': [], split: [] };
    for (let n = 0; n < Math.min(ROUNDS, 3); n += 1)
      for (const place of ['co-located', 'split'] satisfies Place[])
        seen[place].push(await publishBeside(at, loads, load, place));
    const ratio = median(seen.split.map(({ p99Ms }, n) => p99Ms / seen['co-located'][n]!.p99Ms)).toFixed(2);
    for (const [place, of] of Object.entries(seen)) {
      const shown = [medianOf(of, (l) => l.events), medianOf(of, (l) => l.p50Ms), medianOf(of, (l) => l.p99Ms)];
      say(`| ${load} | ${place} | ${shown.join(' | ')} | ${place === 'split' ? ratio : ''} |`);
    }
  }
}

async function reportAllDrains(servers: Servers): Promise<void> {
  for (const payloadBytes of PAYLOADS) {
    const rounds: Round[] = [];
    for (let n = 0; n < ROUNDS; n += 1) rounds.push(await drainRound(servers, payloadBytes));
    reportDrains(payloadBytes, rounds);
  }
}

const REPORTS: Record<string, (servers: Servers) => Promise<void>> = {
  drain: reportAllDrains,
  kafka: reportKafka,
  held: reportHeldSnapshot,
  pickup: reportPickup,
  enqueue: reportEnqueue,
  saturated: reportSaturated,
};
const PARTS = process.env.BENCH_PARTS?.split(',') ?? Object.keys(REPORTS);

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'mainspring-bench-'));
  const database = await startEmbedded({ home, log: () => undefined, settings: { max_connections: '200' } });
  try {
    const servers = await openServers(database.url, home);
    say(`${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the start, Node ${process.version}, fsync on`);
    for (const part of PARTS) {
      await REPORTS[part]?.(servers);
      say(`\n(load ${loadavg()[0]?.toFixed(1)} after ${part})`);
    }
    await Promise.all([servers.owner, servers.worker, servers.app].map((pool) => pool.end({ timeout: 2 })));
  } finally {
    await database.stop();
    await rm(home, { recursive: true, force: true });
  }
}

await main();
