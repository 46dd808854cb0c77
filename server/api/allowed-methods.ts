// Which methods an address of ours takes: for the answer to any other, 405 with Allow.
import type { Context } from 'hono';
import { ServiceError } from '#server/lib/index.ts';
import { plainRoutes } from './plain-routes.ts';
import { restRoutes } from './rest.ts';

type Known = { pattern: RegExp; method: string };
let known: Known[] | null = null;

/** As addresses are matched: `{id}` and `:id` stand for one part of the path. */
const patternOf = (path: string) => new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+|\{\w+\}/g, '[^/]+')}/?$`);

function knownRoutes(): Known[] {
  known ??= [
    ...restRoutes().map(({ url, method }) => ({ pattern: patternOf(`/api/v1${url}`), method })),
    ...plainRoutes().map(({ path, method }) => ({ pattern: patternOf(path), method: method.toUpperCase() })),
  ];
  return known;
}

/** `['GET', 'HEAD', 'POST']`; empty: nothing is there. */
export function allowedMethods(path: string): string[] {
  const methods = new Set(knownRoutes().flatMap(({ pattern, method }) => (pattern.test(path) ? [method] : [])));
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/**
 * For what no route took.
 * @throws ServiceError METHOD_NOT_ALLOWED with the header Allow where the address takes other methods, else ROUTE_NOT_FOUND
 */
export function refuseUnrouted(c: Context): never {
  const { method, path } = c.req;
  const allow = allowedMethods(path);
  if (allow.length === 0) throw new ServiceError('ROUTE_NOT_FOUND', `there is no ${method} ${path}`);
  c.header('Allow', allow.join(', '));
  throw new ServiceError('METHOD_NOT_ALLOWED', `${path} takes ${allow.join(', ')}, not ${method}`, { allow });
}
