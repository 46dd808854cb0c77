// An access request: everything of the subject as a zip of NDJSON files and attachments, with a manifest.
import { sql } from 'drizzle-orm';
import { recordAudit } from '#server/audit/index.ts';
import type { JobTenant } from '#server/jobs/index.ts';
import { queryOne } from '#server/lib/index.ts';
import { lockRetention } from '#server/retention/index.ts';
import { BUNDLE_DAYS } from './config.ts';
import { type DsarDeps, inTenant, systemCtx } from './deps.ts';
import { GIVEN, INVENTORY } from './inventory.ts';
import { type OpenRow, type Outcome, openRequest } from './open-request.ts';
import { readStore } from './read-store.ts';
import { writeReceipt } from './receipts.ts';
import { type AddFile, type BundleFile, writeZip } from './zip-bundle.ts';

/** What is in the bundle besides its manifest. */
export type GivenFile = BundleFile & { rows?: number };
type Bundle = { files: GivenFile[]; missing: string[]; manifest: BundleFile; zip: Omit<BundleFile, 'name'> };

/**
 * Makes the bundle and completes the request. One that was cut off is made anew.
 * @throws what went wrong; nothing of a bundle is left then.
 */
export async function giveAccess(deps: DsarDeps, tenant: JobTenant, requestId: string): Promise<Outcome> {
  const opened = await openRequest(deps, tenant, requestId);
  if ('outcome' in opened) return opened.outcome;
  deps.failPoint('dsar.opened');
  const { request } = opened;
  const location = `dsar/${tenant.id}/${request.id}.zip`;
  const bundle = await makeBundle(deps, tenant, request, location);
  deps.failPoint('dsar.bundled');
  return inTenant(deps, tenant.id, async (tx) => {
    await lockRetention(tx, tenant.id);
    const isOpen = await queryOne<{ state: string }>(
      tx,
      sql`select state from dsar_requests where tenant_id = ${tenant.id} and id = ${request.id} for update`,
    );
    if (isOpen.state !== 'running') return 'gone';
    const { expiresAt } = await queryOne<{ expiresAt: string }>(
      tx,
      sql`insert into dsar_bundles (tenant_id, request_id, location, size_bytes, sha256, expires_at)
        values (${tenant.id}, ${request.id}, ${location}, ${bundle.zip.bytes}, ${bundle.zip.sha256},
          now() + make_interval(days => ${BUNDLE_DAYS}))
        returning expires_at as "expiresAt"`,
    );
    const hash = await writeReceipt(tx, request, receiptOf(request, bundle, new Date(expiresAt)));
    await recordAudit(tx, systemCtx(deps, tenant, request.id), {
      action: 'dsar.complete',
      targetKind: 'dsar_request',
      targetId: request.id,
      details: { kind: request.kind, subjectHash: request.subjectHash, receipt: hash },
    });
    return 'completed';
  });
}

const storeOf = (name: string) => name.replace(/\.ndjson$/, '');

const receiptOf = (request: OpenRow, { files, missing, manifest, zip }: Bundle, expiresAt: Date) => ({
  ...{ id: request.id, kind: request.kind, subjectHash: request.subjectHash, requestedBy: request.createdBy },
  ...{ receivedAt: request.createdAt.toISOString(), dueAt: request.dueAt.toISOString() },
  startedAt: request.startedAt?.toISOString() ?? null,
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
      const lines = async function* () {
        for await (const line of readStore(deps.pool, tenant.id, store, request)) {
          deps.signal.throwIfAborted();
          rows += 1;
          if (store.hasBlobs) attachments.push(JSON.parse(line) as (typeof attachments)[number]);
          yield `${line}\n`;
        }
      };
      const file = await add(`${store.table}.ndjson`, lines());
      files.push({ ...file, rows });
      deps.failPoint('dsar.given');
    }
    for (const one of attachments) await addAttachment(deps, add, one, { files, missing });
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
