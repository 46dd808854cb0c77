// The way out of a bundle: for who may read requests, or by a link that was made for the subject and expires.

import { timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import type { ReadableBlobStore } from '#server/files/index.ts';
import {
  hashToken,
  isUuid,
  type Logger,
  newToken,
  query,
  queryOne,
  ServiceError,
  transaction,
  withTransaction,
} from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { lockRequest } from './change-requests.ts';
import type { DsarLink } from './schemas.ts';

let store: ReadableBlobStore | null = null;

/** Where this process finds bundles; called once at boot. */
export const readBundlesFrom = (blobs: ReadableBlobStore | null): void => {
  store = blobs;
};

const gone = (id: string) =>
  new ServiceError('DSAR_BUNDLE_GONE', `request ${id} has no bundle that can be downloaded: not made yet, or expired`);

/**
 * Makes the link by which the subject downloads the bundle without an account, until the bundle expires. A link that
 * was made before ends. Its token is shown this once and kept as a hash.
 * @throws ServiceError DSAR_NOT_FOUND, DSAR_BUNDLE_GONE
 */
export function makeLink(ctx: Ctx, { id }: { id: string }): Promise<DsarLink> {
  return withTransaction(ctx, async (tx) => {
    const { kind, subjectHash } = await lockRequest(tx, ctx, id);
    const secret = newToken();
    const [made] = await query<{ expiresAt: string }>(
      tx,
      sql`update dsar_bundles set link_hash = decode(${hashToken(secret).toString('hex')}, 'hex'), link_expires_at = expires_at
        where tenant_id = ${ctx.tenant.id} and request_id = ${id} and deleted_at is null and expires_at > now() and not is_writing
        returning expires_at as "expiresAt"`,
    );
    if (!made) throw gone(id);
    await recordAudit(tx, ctx, {
      ...{ action: 'dsar.link', targetKind: 'dsar_request', targetId: id, details: { kind, subjectHash } },
    });
    // The token says in which tenant to look: nobody is signed in then.
    const token = `${Buffer.from(ctx.tenant.id.replaceAll('-', ''), 'hex').toString('base64url')}.${secret}`;
    return { path: `/api/v1/dsar/${id}/download?token=${token}`, expiresAt: new Date(made.expiresAt).toISOString() };
  });
}

export type Download = { body: Readable; fileName: string; sizeBytes: number };

/**
 * The bundle for a caller who may read requests. Audited.
 * @throws ServiceError DSAR_NOT_FOUND, DSAR_BUNDLE_GONE
 */
export async function downloadBundle(ctx: Ctx, { id }: { id: string }): Promise<Download> {
  await withTransaction(ctx, (tx) => lockRequest(tx, ctx, id));
  return openBundle(ctx, id);
}

/**
 * The bundle for who has a link. What is wrong with one that is refused is not told.
 * @throws ServiceError LINK_INVALID
 */
export async function downloadByLink(
  deps: { pool: Pool; log: Logger; requestId: string },
  { id, token }: { id: string; token: string },
): Promise<Download> {
  const ctx = isUuid(id) ? await linkCtx(deps, id, token) : null;
  if (!ctx) throw new ServiceError('LINK_INVALID', 'this link is not valid, or no longer; ask for another one');
  return openBundle(ctx, id);
}

async function linkCtx(
  deps: { pool: Pool; log: Logger; requestId: string },
  id: string,
  token: string,
): Promise<Ctx | null> {
  const [tenantPart = '', secret = ''] = token.slice(0, 200).split('.');
  const hex = Buffer.from(tenantPart, 'base64url').toString('hex');
  const tenantId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (!isUuid(tenantId)) return null;
  const [found] = await transaction(deps.pool, { tenantId }, (tx) =>
    query<{ hash: string; slug: string; name: string }>(
      tx,
      sql`select encode(b.link_hash, 'hex') as hash, t.slug, t.name from dsar_bundles b join tenants t on t.id = b.tenant_id
        where b.tenant_id = ${tenantId} and b.request_id = ${id} and b.link_expires_at > now() and not b.is_writing and t.status = 'active'`,
    ),
  );
  // Compared also where there is none, so that the answer takes as long.
  const expected = Buffer.from(found?.hash ?? '00'.repeat(32), 'hex');
  if (!timingSafeEqual(hashToken(secret), expected) || !found) return null;
  const { slug, name } = found;
  return { ...deps, tenant: { id: tenantId, slug, name }, actor: { kind: 'system', id: 'dsar-link' } };
}

async function openBundle(ctx: Ctx, id: string): Promise<Download> {
  const tenantId = ctx.tenant.id;
  const [bundle] = await transaction(ctx.pool, { tenantId }, (tx) =>
    query<{ location: string }>(
      tx,
      sql`select location from dsar_bundles where tenant_id = ${tenantId} and request_id = ${id}
        and deleted_at is null and expires_at > now() and not is_writing`,
    ),
  );
  const body = bundle && (await store?.read(bundle.location));
  if (!body) throw gone(id);
  const counting = transaction(ctx.pool, { tenantId }, async (tx) => {
    const said = await queryOne<{ sizeBytes: number; kind: string; subjectHash: string }>(
      tx,
      sql`update dsar_bundles b set downloads = downloads + 1, last_download_at = now() from dsar_requests r
        where b.tenant_id = ${tenantId} and b.request_id = ${id} and r.tenant_id = b.tenant_id and r.id = b.request_id
        returning b.size_bytes::float8 as "sizeBytes", r.kind, r.subject_hash as "subjectHash"`,
    );
    await recordAudit(tx, ctx, {
      action: 'dsar.download',
      targetKind: 'dsar_request',
      targetId: id,
      details: { kind: said.kind, subjectHash: said.subjectHash },
    });
    return said;
  });
  // A file that nobody reads to its end would stay open.
  const { sizeBytes, kind, subjectHash } = await counting.catch((error: unknown) => {
    body.destroy();
    throw error;
  });
  ctx.log.info({ dsarId: id, kind, subjectHash }, 'a bundle is downloaded');
  return { body, sizeBytes, fileName: `data-request-${id}.zip` };
}
