// An access request: everything of the subject as a zip of NDJSON files and attachments, with a manifest.
import { sql } from '#db/drizzle.ts';
import type { JobTenant } from '#server/jobs/index.ts';
import { queryOne, type Tx } from '#server/lib/index.ts';
import { lockRetention } from '#server/retention/index.ts';
import { BUNDLE_DAYS, GIVE_MS } from './config.ts';
import { type DsarDeps, inTenant } from './deps.ts';
import { GIVEN, INVENTORY } from './inventory.ts';
import { type OpenRow, type Outcome, openRequest } from './open-request.ts';
import { readStore } from './read-store.ts';
import { completeRequest } from './receipts.ts';
import { type AddFile, type BundleFile, writeZip } from './zip-bundle.ts';

/** What is in the bundle besides its manifest. */
export type GivenFile = BundleFile & { rows?: number };
type Bundle = { files: GivenFile[]; missing: string[]; manifest: BundleFile; zip: Omit<BundleFile, 'name'> };

/**
 * Makes the bundle and completes the request. One that was cut off is made anew.
 * @throws what went wrong; what is left of a bundle is swept by `pruneBundles`.
 */
export async function giveAccess(deps: DsarDeps, tenant: JobTenant, requestId: string): Promise<Outcome> {
  const opened = await openRequest(deps, tenant, requestId);
  if ('outcome' in opened) return opened.outcome;
  deps.failPoint('dsar.opened');
  const { request } = opened;
  const location = `dsar/${tenant.id}/${request.id}-${request.attempts}.zip`;
  if (!(await beginBundle(deps, request, location))) return 'gone';
  const startedMs = performance.now();
  const bundle = await makeBundle(deps, tenant, request, location).catch((error: unknown) => {
    // Another go may have all of its time for it.
    if (error instanceof TimeOver && performance.now() - startedMs < (deps.giveMs ?? GIVE_MS)) return null;
    throw error;
  });
  if (bundle === null) return 'unfinished';
  deps.failPoint('dsar.bundled');
  return inTenant(deps, tenant.id, async (tx): Promise<Outcome> => {
    await lockRetention(tx, tenant.id);
    if (!(await isRunning(tx, request))) return 'gone';
    const { expiresAt } = await queryOne<{ expiresAt: string }>(
      tx,
      sql`update dsar_bundles set is_writing = false, size_bytes = ${bundle.zip.bytes}, sha256 = ${bundle.zip.sha256},
          made_at = now(), expires_at = now() + make_interval(days => ${BUNDLE_DAYS})
        where tenant_id = ${tenant.id} and request_id = ${request.id} and location = ${location}
        returning expires_at as "expiresAt"`,
    );
    await completeRequest(tx, deps, tenant, request, givenOf(bundle, new Date(expiresAt)));
    return 'completed';
  });
}

async function isRunning(tx: Tx, { tenantId, id }: OpenRow): Promise<boolean> {
  const { state } = await queryOne<{ state: string }>(
    tx,
    sql`select state from dsar_requests where tenant_id = ${tenantId} and id = ${id} for update`,
  );
  return state === 'running';
}

/** Writes down where the file will be. What an attempt before has left there has no row from here on, and is swept. */
const beginBundle = (deps: DsarDeps, request: OpenRow, location: string): Promise<boolean> =>
  inTenant(deps, request.tenantId, async (tx) => {
    if (!(await isRunning(tx, request))) return false;
    await tx.execute(sql`insert into dsar_bundles (tenant_id, request_id, location, is_writing, expires_at)
      values (${request.tenantId}, ${request.id}, ${location}, true, now() + make_interval(days => ${BUNDLE_DAYS}))
      on conflict (tenant_id, request_id) do update set location = excluded.location, is_writing = true,
        expires_at = excluded.expires_at`);
    return true;
  });

class TimeOver extends Error {}

/** Asked before everything that is read. */
function requireTime({ signal, isOver }: DsarDeps): void {
  signal.throwIfAborted();
  if (isOver?.())
    throw new TimeOver('the bundle could not be made in the time that there is for requests; it is tried again daily');
}

const storeOf = (name: string) => name.replace(/\.ndjson$/, '');

const givenOf = ({ files, missing, manifest, zip }: Bundle, expiresAt: Date) => ({
  given: Object.fromEntries(files.flatMap(({ name, rows }) => (rows === undefined ? [] : [[storeOf(name), rows]]))),
  attachments: files.filter(({ rows }) => rows === undefined).length,
  missingAttachments: missing.length,
  manifestSha256: manifest.sha256,
  bundle: { ...zip, expiresAt: expiresAt.toISOString() },
});

async function makeBundle(deps: DsarDeps, tenant: JobTenant, request: OpenRow, location: string): Promise<Bundle> {
  const files: GivenFile[] = [];
  const missing: string[] = [];
  let manifest: BundleFile | null = null;
  const zip = await writeZip({ blobs: deps.blobs, location, signal: deps.signal }, async (add) => {
    const attachments: { id: string; name: string; location: string }[] = [];
    for (const store of GIVEN) {
      let rows = 0;
      const check = () => requireTime(deps);
      const lines = async function* () {
        for await (const line of readStore(deps.pool, { tenantId: tenant.id, store, subject: request }, check)) {
          rows += 1;
          if (store.hasBlobs) attachments.push(JSON.parse(line) as (typeof attachments)[number]);
          yield `${line}\n`;
        }
      };
      const file = await add(`${store.table}.ndjson`, lines());
      files.push({ ...file, rows });
      deps.failPoint('dsar.given');
    }
    for (const one of attachments) {
      requireTime(deps);
      await addAttachment(deps, add, one, { files, missing });
    }
    const says = { ...aboutBundle(tenant, request), files, missing };
    manifest = await add('manifest.json', [`${JSON.stringify(says, null, 2)}\n`] as unknown as AsyncIterable<string>);
  });
  if (manifest === null) throw new Error('the bundle has no manifest');
  return { files, missing, manifest, zip };
}

async function addAttachment(
  { blobs }: DsarDeps,
  add: AddFile,
  { id, name, location }: { id: string; name: string; location: string },
  to: { files: GivenFile[]; missing: string[] },
): Promise<void> {
  const content = await blobs.read(location);
  // Its id keeps two of one name apart; a name of theirs leads nowhere but into its folder.
  const fileName = `attachments/${id}-${name.replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').slice(-120)}`;
  if (content === null) to.missing.push(fileName);
  else to.files.push(await add(fileName, content));
}

const aboutBundle = (tenant: JobTenant, request: OpenRow) => ({
  ...{ controller: tenant.name, subject: request.customerId, requestId: request.id },
  ...{ receivedAt: request.createdAt.toISOString(), madeAt: new Date().toISOString() },
  notIncluded: INVENTORY.filter(({ given }) => given === 'none')
    .map(({ table }) => table)
    .concat('exported files, which are copies of interactions and outcomes', 'tables of pipelines'),
});
