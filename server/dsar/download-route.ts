import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { admit } from '#server/auth/index.ts';
import { isUuid, ServiceError } from '#server/lib/index.ts';
import type { ApiContext } from '#server/procedure.ts';
import { type Download, downloadBundle, downloadByLink } from './download.ts';

type Contexts = {
  /** Authenticates as for procedures. */
  contextOf: (request: Request, requestId: string) => Promise<ApiContext>;
  /** Looks at no credential: who comes with a link need not have one, and one that has lapsed is no hindrance. */
  linkContextOf: (request: Request, requestId: string) => Pick<ApiContext, 'pool' | 'log' | 'requestId'>;
};

/** GET /dsar/:id/download: the bundle as a file. No procedure, because it answers no JSON. */
export function dsarDownloadRoute({ contextOf, linkContextOf }: Contexts): Hono<{ Variables: { requestId: string } }> {
  const app = new Hono<{ Variables: { requestId: string } }>();
  app.get('/dsar/:id/download', async (c) => {
    // The router asks this for HEAD too: who only looks at a link has not downloaded anything, and reads no file to its end.
    if (c.req.method !== 'GET') return c.body(null, 405, { allow: 'GET' });
    const requestId = c.get('requestId');
    const id = c.req.param('id');
    const token = c.req.query('token');
    if (token !== undefined) return answer(await downloadByLink(linkContextOf(c.req.raw, requestId), { id, token }));
    const { caller, pool, log } = await contextOf(c.req.raw, requestId);
    const admitted = admit(caller, { scope: 'dsar:read' });
    if (!isUuid(id)) throw new ServiceError('DSAR_NOT_FOUND', `no data request ${id.slice(0, 60)}`);
    return answer(await downloadBundle({ ...admitted, pool, log, requestId }, { id }));
  });
  return app;
}

/** For nobody to keep or to look into on the way. */
const answer = ({ body, sizeBytes, fileName }: Download): Response =>
  new Response(Readable.toWeb(body) as ReadableStream, {
    headers: {
      'content-type': 'application/zip',
      'content-length': String(sizeBytes),
      'content-disposition': `attachment; filename="${fileName}"`,
      'cache-control': 'no-store, private',
      'x-content-type-options': 'nosniff',
    },
  });
