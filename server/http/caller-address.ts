import type { HttpBindings } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/**
 * Who is at the other end. Behind proxies of ours (`hops` of them) it is what the outermost one saw: the list of
 * X-Forwarded-For is counted from its end, since its beginning is the caller's to write. Null: not known.
 */
export function callerAddress(c: Context, options: { hops: number; isSecure: boolean }): string | null {
  if (options.hops > 0) {
    const seen = (c.req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim());
    return seen.at(-options.hops) || null;
  }
  // With https there is a proxy before us, and every request has its address.
  return options.isSecure ? null : (getConnInfo(c as Context<{ Bindings: HttpBindings }>).remote.address ?? null);
}
