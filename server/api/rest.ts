// /api/v1: one route per procedure, read off the procedure's metadata, so that REST cannot drift from tRPC.
import { callTRPCProcedure } from '@trpc/server';
import { type Context, Hono } from 'hono';
import type { z } from 'zod';
import { ServiceError } from '#server/lib/index.ts';
import type { ApiContext, ProcedureMeta } from '#server/procedure.ts';
import { refuseDeepJson } from './json-depth.ts';
import { appRouter } from './router.ts';

export type RestRoute = {
  path: string;
  type: 'query' | 'mutation';
  method: string;
  url: string;
  meta: ProcedureMeta;
  /** The zod schema of its input; null when it takes none. */
  input: z.ZodType | null;
};

type ProcedureDef = { meta?: ProcedureMeta; type: 'query' | 'mutation'; inputs: z.ZodType[] };

/** All REST routes, in the order that a literal segment is matched before a parameter. */
export function restRoutes(): RestRoute[] {
  const routes: RestRoute[] = [];
  for (const [path, procedure] of Object.entries(appRouter._def.procedures)) {
    const { meta, type, inputs } = (procedure as unknown as { _def: ProcedureDef })._def;
    const [method, url] = meta?.rest?.split(' ') ?? [];
    if (meta && method && url) routes.push({ path, type, method, url, meta, input: inputs[0] ?? null });
  }
  return routes.sort((a, b) => Number(a.url.includes(':')) - Number(b.url.includes(':')));
}

/** Mounts every route; `contextOf` authenticates the request. What they throw is the server's onError to answer. */
export function restApi(contextOf: (c: Context) => Promise<ApiContext>): Hono {
  const app = new Hono();
  for (const route of restRoutes()) {
    app.on(route.method, route.url, async (c) => {
      const ctx = await contextOf(c);
      const input = await inputOf(c);
      const result = await callTRPCProcedure({
        router: appRouter,
        path: route.path,
        getRawInput: async () => input,
        ctx,
        type: route.type,
        signal: c.req.raw.signal,
        batchIndex: 0,
      });
      return c.json(result as object, route.meta.isTaken?.(result) ? 202 : (route.meta.status ?? 200));
    });
  }
  return app;
}

/** Query string, then JSON body, then path parameters; a repeated query key becomes a list. */
async function inputOf(c: Context): Promise<Record<string, unknown>> {
  const fromQuery = Object.fromEntries(
    Object.entries(c.req.queries()).map(([key, values]) => [key, values.length === 1 ? values[0] : values]),
  );
  return { ...fromQuery, ...(await bodyOf(c)), ...c.req.param() };
}

async function bodyOf(c: Context): Promise<Record<string, unknown>> {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return {};
  const text = await c.req.text();
  if (text === '') return {};
  const type = c.req.header('content-type') ?? '';
  if (!/^application\/json\b/i.test(type))
    throw new ServiceError('MEDIA_TYPE_UNSUPPORTED', `send the body as application/json, not "${type.slice(0, 60)}"`);
  refuseDeepJson(text);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch (error) {
    throw new ServiceError('INPUT_INVALID', `the body is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  throw new ServiceError('INPUT_INVALID', 'the body must be a JSON object');
}
