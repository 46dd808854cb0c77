// Connections that go only to checked addresses. The check stands where the socket is made: between it and the
// connect there is no second question to a resolver, so a name that answers differently the next time changes nothing.
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import { ServiceError } from '#server/lib/index.ts';
import { checkHost, type HostRules, type Trust } from './check-host.ts';

/** Idle connections that one agent keeps in all. */
const MAX_FREE_SOCKETS = 32;
const KEEP_ALIVE = { keepAlive: true, maxFreeSockets: MAX_FREE_SOCKETS, scheduling: 'lifo' } as const;

export type Agents = { http: http.Agent; https: https.Agent };
type Guard = (host: string) => Promise<string[]>;
type Callback = (error: Error | null, stream: Duplex) => void;

/** Agents of their own for each trust: a connection that the operator's address opened serves no tenant. */
export function createAgents(trust: Trust, rules: HostRules, tls: { ca?: string }): Agents {
  return {
    http: new GuardedHttp((host) => checkHost(host, { trust, isPlain: true }, rules)),
    https: new GuardedHttps((host) => checkHost(host, { trust, isPlain: false }, rules), tls),
  };
}

class GuardedHttp extends http.Agent {
  readonly guard: Guard;
  constructor(guard: Guard) {
    super(KEEP_ALIVE);
    this.guard = guard;
  }
  override createConnection(options: http.ClientRequestArgs, callback?: Callback): Duplex | null | undefined {
    pin(options, this.guard, callback, (pinned) => super.createConnection(pinned));
    return undefined;
  }
}

class GuardedHttps extends https.Agent {
  readonly guard: Guard;
  constructor(guard: Guard, tls: { ca?: string }) {
    super({ ...KEEP_ALIVE, ...tls });
    this.guard = guard;
  }
  override createConnection(options: https.RequestOptions, callback?: Callback): Duplex | null | undefined {
    pin(options, this.guard, callback, (pinned) => super.createConnection(pinned));
    return undefined;
  }
}

/** Checks the host, then connects with a lookup that knows only the checked addresses. */
function pin<Options extends http.ClientRequestArgs>(
  options: Options,
  guard: Guard,
  callback: Callback | undefined,
  connect: (pinned: Options) => Duplex | null | undefined,
): void {
  const fail = (error: unknown) => callback?.(error as Error, undefined as unknown as Duplex);
  // A local socket has no address to check.
  if (options.socketPath) {
    fail(new ServiceError('ADDRESS_REFUSED', 'a local socket is not taken'));
    return;
  }
  guard(options.host ?? options.hostname ?? '').then((addresses) => {
    try {
      const stream = connect({ ...options, lookup: answerOnly(addresses) });
      if (stream) callback?.(null, stream);
    } catch (error) {
      fail(error);
    }
  }, fail);
}

/** A lookup that asks nobody. */
export function answerOnly(addresses: readonly string[]): LookupFunction {
  return (host, { all, family }, callback) => {
    const known = addresses
      .map((address) => ({ address, family: isIP(address) }))
      .filter((one) => (family !== 4 && family !== 6 ? true : one.family === family));
    const [first] = known;
    if (!first) callback(Object.assign(new Error(`no address of "${host}" fits`), { code: 'ENOTFOUND' }), '');
    else if (all) callback(null, known);
    else callback(null, first.address, first.family);
  };
}
