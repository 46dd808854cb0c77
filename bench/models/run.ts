// `node bench/models/run.ts`: how long a training takes and how much memory its process needs, by the job itself on a
// server of its own. BENCH_ROWS: rows of the table (1,000,000).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPool, urlForRole } from '#db/client.ts';
import { startEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { roleNames } from '#db/roles.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { scheduledRetrainsJob } from '#server/models/index.ts';
import { createTenant } from '#server/tenancy/index.ts';

const ROWS = Number(process.env.BENCH_ROWS ?? 1_000_000);
const PASSWORDS = { app: 'bench-app', worker: 'bench-worker' };
const FEATURES = ['n1', 'n2', 'n3', 'n4', 'n5', 'gaps', 'letter', 'city', 'b1', 'b2'];
const megabytes = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
/** The most memory that the process had while `work` ran; it cannot be asked for less than its whole life. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  let peak = megabytes();
  const timer = setInterval(() => {
    peak = Math.max(peak, megabytes());
  }, 20);
  await work().finally(() => clearInterval(timer));
  return Math.max(peak, megabytes());
}
const say = (text: string) => process.stdout.write(`${text}\n`);

const home = await mkdtemp(join(tmpdir(), 'bench-models-'));
const embedded = await startEmbedded({ home, log: () => {} });
await migrate({ ownerUrl: embedded.url, rolePrefix: 'bench', passwords: PASSWORDS });
const owner = openPool({ url: embedded.url, max: 2, applicationName: 'bench', answerTimeoutMs: null });
const workerUrl = urlForRole(embedded.url, roleNames('bench').worker, PASSWORDS.worker);
const pool = openPool({ url: workerUrl, max: 4, applicationName: 'bench' });

const tenant = await createTenant(owner, { slug: 'bench', name: 'Bench' });
const [data] = await owner<{ schema: string; role: string }[]>`
  select schema_name as schema, role_name as role from tenants where id = ${tenant.id}`;
await owner.begin(async (tx) => {
  await tx.unsafe(`set local role "${data!.role}"; set local search_path = "${data!.schema}"`);
  await tx.unsafe(`create table facts (id int primary key, n1 float8, n2 float8, n3 int, n4 numeric(12,2), n5 float8,
    gaps float8, letter text, city text, b1 boolean, b2 boolean, label boolean)`);
  await tx.unsafe(`insert into facts select g, n1, n2, n3, n4, n5, case when g % 7 > 0 then n5 * n1 end, letter, city, b1, b2,
      1 / (1 + exp(-(n1 + n2 / 2 - n5 / 3 + case when letter = 'a' then 1 else 0 end + case when b1 then 0.5 else -0.5 end))) > random()
    from (select g, random_normal() n1, random_normal() n2, (random() * 1000)::int n3, (random() * 100)::numeric(12,2) n4,
      random_normal() n5, chr(97 + (random() * 9)::int) letter, 'city ' || (random() * 500)::int city, random() < 0.5 b1,
      random() < 0.1 b2 from generate_series(1, ${ROWS}) g) r`);
});
await owner`analyze`;
say(`${ROWS} rows, ${FEATURES.length} features; ${megabytes()} MB before`);
for (const kind of ['naive_bayes', 'logistic']) {
  await owner`insert into models (tenant_id, name, kind, source_table, features, label, positive, negative, cron, timezone,
      next_at, created_by, updated_by)
    values (${tenant.id}, ${kind}, ${kind}, 'facts', ${JSON.stringify(FEATURES)}::text::jsonb, 'label', 'true', 'false',
      '0 2 * * *', 'UTC', now(), 'bench', 'bench')`;
  const startedMs = performance.now();
  const peak = await peakOf(() =>
    scheduledRetrainsJob.run(
      {
        ...{
          pool,
          log: createLogger({ level: 'silent', tier: 'bench' }),
          processId: 'bench',
          runId: newId(),
          params: {},
        },
        ...{ signal: new AbortController().signal, fence: async () => {}, failPoint: () => {} },
      },
      {},
    ),
  );
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const [version] =
    await owner`select status, reason, holdout_rows, metrics->>'auc' as auc, parameters->>'passes' as passes
    from model_versions v join models m on m.id = v.model_id where m.name = ${kind}`;
  say(`${kind}: ${seconds} s, at most ${peak} MB; ${JSON.stringify(version)}`);
}
await pool.end();
await owner.end();
await embedded.stop();
await rm(home, { recursive: true, force: true });
