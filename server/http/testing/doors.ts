// The ways to call a procedure from outside and from a page, and what the router says of each procedure.
import type { TestDatabase } from '#db/testing/index.ts';
import { appRouter, createCaller, type RestRoute, restRoutes } from '#server/api/index.ts';
import { authenticate } from '#server/auth/index.ts';
import { createLogger, type Logger } from '#server/lib/index.ts';
import type { TestWeb } from './index.ts';
import type { Input } from './walks.ts';

type Meta = { scope?: string; audit?: string; rest?: string; audience?: string };
export const procedures = Object.entries(appRouter._def.procedures).map(([path, procedure]) => {
  const { type, meta } = (procedure as unknown as { _def: { type: 'query' | 'mutation'; meta: Meta } })._def;
  return { path, type, meta };
});
export const paths = procedures.map((one) => one.path);
export const mutations = procedures.filter((one) => one.type === 'mutation').map((one) => one.path);
export const audienceOf = (path: string) => procedures.find((one) => one.path === path)!.meta.audience ?? 'tenant';
/** What a key is refused whatever it names: one's own account, and the instance. */
export const isForPeople = (path: string) => ['person', 'instance'].includes(audienceOf(path));
export const routeOf = (path: string): RestRoute => restRoutes().find((route) => route.path === path)!;

export type Answer = { status: number; body: unknown };
export type Door = (path: string, input: Input, headers: Record<string, string>) => Promise<Answer>;

const viaRest =
  (web: TestWeb): Door =>
  async (path, input, headers) => {
    const route = routeOf(path);
    const rest: Input = { ...input };
    const url = route.url.replace(/:(\w+)/g, (_, name: string) => {
      delete rest[name];
      return encodeURIComponent(String(input[name]));
    });
    const query = new URLSearchParams();
    const isGet = route.method === 'GET';
    if (isGet)
      for (const [name, value] of Object.entries(rest))
        for (const one of [value].flat()) query.append(name, String(one));
    const response = await web.fetch(`/api/v1${url}?${query}`, {
      method: route.method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(isGet ? {} : { body: JSON.stringify(rest) }),
    });
    return { status: response.status, body: await response.json() };
  };

const viaTrpc =
  (web: TestWeb): Door =>
  async (path, input, headers) => {
    const isQuery = procedures.find((one) => one.path === path)!.type === 'query';
    const encoded = encodeURIComponent(JSON.stringify(input));
    const response = await web.fetch(`/trpc/${path}${isQuery ? `?input=${encoded}` : ''}`, {
      method: isQuery ? 'GET' : 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      ...(isQuery ? {} : { body: JSON.stringify(input) }),
    });
    return { status: response.status, body: await response.json() };
  };

/** As a page's loader calls it. */
const STATUSES: Record<string, number> = { NOT_FOUND: 404, FORBIDDEN: 403 };
const inProcess =
  (db: TestDatabase, log: Logger): Door =>
  async (path, input, headers) => {
    const caller = await authenticate(db.app, new Headers(headers), 600);
    const api = createCaller({ pool: db.app, caller, requestId: 'test', log, idempotencyKey: null });
    const [room, verb] = path.split('.') as [string, string];
    const procedure = (api as unknown as Record<string, Record<string, (input: Input) => Promise<unknown>>>)[room]![
      verb
    ]!;
    return procedure(input).then(
      (body) => ({ status: 200, body }),
      (error: { code: string; message: string }) => ({
        status: STATUSES[error.code] ?? 400,
        body: { code: error.code, message: error.message },
      }),
    );
  };

/** All doors of one installation. */
export function openDoors(db: TestDatabase, web: TestWeb) {
  const log = createLogger({ level: 'silent', tier: 'test' });
  return { viaRest: viaRest(web), viaTrpc: viaTrpc(web), inProcess: inProcess(db, log) };
}

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
