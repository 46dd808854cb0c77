// `npm run bench:purge`: half of the rows of a table go. Batches as the job deletes them, one DELETE, and the drop of the
// month, in turn on the same data, with inserts beside them all the while, and before each a while of inserts alone.
// Absolute times are this machine's at this hour: what can be compared are the ratios within a round, and what of the
// inserts' time was waiting for a lock.
//
//   PURGE_ROWS    rows before the purge, half of them due (2,000,000)
//   PURGE_ROUNDS  rounds of the three variants (3)
//   PURGE_ONLY    the names of some of them, with commas between, as `one DELETE,partition drop`
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool, type Pool, urlForRole } from '#db/client.ts';
import { startEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { roleNames } from '#db/roles.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { dsarPurgeJob } from '#server/retention/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { watchInserts } from './watch-inserts.ts';
import { type Waits, waitsFor, watchWaits } from './watch-waits.ts';

const ROWS = Number(process.env.PURGE_ROWS ?? 2_000_000);
const ROUNDS = Number(process.env.PURGE_ROUNDS ?? 3);
const PASSWORDS = { app: 'bench-app', worker: 'bench-worker' };
/** Months back of the rows that are due: further than the two that partitions are always kept for. */
const MONTHS_BACK = 4;

const ALONE_MS = 5_000;

type Inserts = { worstMs: number; p99Ms: number; count: number; waits: Waits };
type Measured = { seconds: number; walMb: number; beside: Inserts; alone: Inserts };
/** Inserts while something runs, and where their time went. */
type Watch = (run: () => Promise<unknown>) => Promise<Inserts>;
const ALL_VARIANTS = ['one DELETE', 'batches', 'partition drop'] as const;
type Variant = (typeof ALL_VARIANTS)[number];
const only = process.env.PURGE_ONLY?.split(',');
const VARIANTS = ALL_VARIANTS.filter((variant) => only?.includes(variant) ?? true);
const say = (line: string) => process.stdout.write(`${line}\n`);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The days over which rows are spread: ten of that month, and the last ten. */
const DUE_FROM = `date_trunc('month', now() - interval '${MONTHS_BACK} months')`;
const KEPT_FROM = `now() - interval '10 days'`;

async function addHalf(owner: Pool, tenantId: string, from: string): Promise<void> {
  await owner.unsafe(
    `insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, context, created_at, occurred_at)
     select $1, overlay(gen_random_uuid()::text placing left(ms_uuid_at(at)::text, 15) from 1 for 15)::uuid, 'c' || n % 50000,
       'offer-' || n % 100, 'web', 'impression', '{"page": "home", "position": 3}', at, at
     from generate_series(1, ${ROWS / 2}) n, lateral (select ${from} + n * interval '10 days' / ${ROWS / 2} as at) a order by n`,
    [tenantId],
  );
}

/** The half that is due, in a partition without dead rows, whatever the variant before left of it. */
async function fillDue(owner: Pool, tenantId: string): Promise<void> {
  await owner`delete from retention_purges`;
  await owner.unsafe(`do $$ declare
      month timestamptz := ${DUE_FROM};
      part text := 'interaction_history_' || to_char(month, 'YYYYMM');
    begin
      execute format('create table if not exists %I partition of interaction_history for values from (%L) to (%L)',
        part, ms_uuid_at(month), ms_uuid_at(month + interval '1 month'));
      execute format('truncate %I', part);
    end $$`);
  await addHalf(owner, tenantId, DUE_FROM);
  await owner.unsafe('vacuum analyze interaction_history');
}

async function measure(owner: Pool, run: () => Promise<void>, watch: Watch): Promise<Measured> {
  const alone = await watch(() => new Promise((resolve) => setTimeout(resolve, ALONE_MS)));
  await owner`checkpoint`;
  const [before] = await owner<{ lsn: string }[]>`select pg_current_wal_insert_lsn() as lsn`;
  let seconds = Number.NaN;
  const beside = await watch(async () => {
    const startedAt = performance.now();
    await run();
    seconds = (performance.now() - startedAt) / 1_000;
  });
  const [wal] = await owner<{ bytes: string }[]>`select pg_current_wal_insert_lsn() - ${before!.lsn}::pg_lsn as bytes`;
  return { seconds, walMb: Number(wal!.bytes) / 1e6, beside, alone };
}

type Round = Partial<Record<Variant, Measured>>;

function report(rounds: Round[]): void {
  say(
    `\n${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}; ${ROWS / 2} of ${ROWS} rows, ${rounds.length} rounds`,
  );
  say('| variant | seconds (median) | × one DELETE | WAL MB |');
  say('|---|---|---|---|');
  for (const variant of VARIANTS) {
    const of = (pick: (measured: Measured) => number) => median(rounds.map((round) => pick(round[variant]!)));
    const ratio = median(rounds.map((round) => round[variant]!.seconds / (round['one DELETE']?.seconds ?? Number.NaN)));
    say(`| ${variant} | ${of((m) => m.seconds).toFixed(2)} | ${ratio.toFixed(2)} | ${of((m) => m.walMb).toFixed(1)} |`);
  }
  say(
    '\n| inserts, ms | count | p99 | longest | longest wait for a lock | … for disk or WAL | … for a core | … for the bench itself | all lock waits |',
  );
  say('|---|---|---|---|---|---|---|---|---|');
  const line = (what: string, all: Inserts[]) => {
    const most = (kind: string) => Math.max(...all.map(({ waits }) => waitsFor(waits, kind).longestMs));
    const cells = [
      Math.max(...all.map((one) => one.worstMs)),
      most('Lock '),
      Math.max(most('IO '), most('LWLock ')),
      most('running'),
      most('client'),
      all.reduce((sum, { waits }) => sum + waitsFor(waits, 'Lock ').totalMs, 0),
    ].map((ms) => ms.toFixed(1));
    const count = all.reduce((sum, one) => sum + one.count, 0);
    say(`| ${what} | ${count} | ${median(all.map((one) => one.p99Ms)).toFixed(1)} | ${cells.join(' | ')} |`);
  };
  line(
    'alone, before each',
    rounds.flatMap((round) => VARIANTS.map((variant) => round[variant]!.alone)),
  );
  for (const variant of VARIANTS)
    line(
      `beside ${variant}`,
      rounds.map((round) => round[variant]!.beside),
    );
}

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'bench-purge-'));
  const database = await startEmbedded({ home, log: () => {} });
  const pools: Pool[] = [];
  const open = (url: string, max = 4) => {
    // Filling a table with a million rows takes as long as the machine needs.
    const pool = openPool({ url, max, applicationName: 'bench', answerTimeoutMs: null });
    pools.push(pool);
    return pool;
  };
  try {
    await migrate({ ownerUrl: database.url, rolePrefix: 'bench', passwords: PASSWORDS });
    const roles = roleNames('bench');
    const owner = open(database.url);
    const worker = open(urlForRole(database.url, roles.worker, PASSWORDS.worker));
    // One connection: the waits of its backend are watched.
    const app = open(urlForRole(database.url, roles.app, PASSWORDS.app), 1);
    const watcher = open(database.url, 1);
    const tenant = await createTenant(owner, { slug: 'bench', name: 'Bench' });
    await owner`insert into retention_policies (tenant_id, data_class, retention_days) values (${tenant.id}, 'interaction_history', 30)`;
    const insert = () =>
      app.begin(async (tx) => {
        await tx`select set_config('mainspring.tenant_id', ${tenant.id}, true)`;
        await tx`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type)
        values (${tenant.id}, 'beside', 'o', 'web', 'i')`;
      });
    const watch: Watch = async (run) => {
      const [backend] = await app<{ pid: number }[]>`select pg_backend_pid() as pid`;
      const waits = await watchWaits(watcher, backend!.pid);
      const inserts = watchInserts(insert);
      await run();
      const figures = await inserts.stop();
      return { ...figures, waits: await waits.stop() };
    };
    const purge = async (params: Record<string, string>) => {
      const log = createLogger({ level: 'silent', tier: 'bench' });
      const context = { pool: worker, log, processId: 'bench', runId: newId(), params };
      const { answer } = await dsarPurgeJob.run(
        { ...context, signal: new AbortController().signal, fence: async () => {}, failPoint: () => {} },
        { blobs: null },
      );
      const [one] = (answer as { perTenant: { interactionHistory: number }[] }).perTenant;
      if (one?.interactionHistory !== ROWS / 2) throw new Error(`purged ${one?.interactionHistory} of ${ROWS / 2}`);
    };
    const variants: Record<Variant, () => Promise<void>> = {
      'one DELETE': async () => {
        await owner`delete from interaction_history where tenant_id = ${tenant.id} and created_at < now() - interval '30 days'`;
      },
      // Named tenants are never a reason to drop a month for all.
      batches: () => purge({ tenant: 'bench' }),
      'partition drop': () => purge({}),
    };
    await addHalf(owner, tenant.id, KEPT_FROM);
    const rounds: Round[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const measured: Round = {};
      for (const variant of VARIANTS) {
        await fillDue(owner, tenant.id);
        measured[variant] = await measure(owner, variants[variant], watch);
        say(`round ${round + 1}, ${variant}: ${JSON.stringify(measured[variant])}`);
      }
      rounds.push(measured);
    }
    report(rounds);
  } finally {
    await Promise.all(pools.map((pool) => pool.end({ timeout: 2 })));
    await database.stop();
    await rm(home, { recursive: true, force: true });
  }
}

await main();
