// A connection whose packets vanish (a dead switch, a firewall that forgot it) looks alive: TCP gives up after some
// fifteen minutes, and the server's own statement_timeout cannot reach us. So a request that gets no byte back in
// time destroys its socket here; the driver then rejects what waits on it and opens a new one. Under TLS the bytes
// pass this socket by, unseen: there TCP's own limit remains.
import net from 'node:net';

/** What the driver hands to its `socket` option. */
type Target = { host: string[]; port: number[]; path?: string | false; connect_timeout?: number };

/**
 * A factory of connected sockets for postgres.js. `answerTimeoutMs` must exceed the longest statement_timeout that
 * is used over the pool: until it is over, a busy server and a lost one look the same.
 */
export function answeringSockets(answerTimeoutMs: number): (target: Target) => Promise<net.Socket> {
  let next = 0;
  return async (target) => {
    const index = next++ % target.host.length;
    const socket = await connected(target, index);
    // The driver reads both for TLS.
    Object.assign(socket, { host: target.host[index], port: target.port[index] });
    return destroyUnanswered(socket, answerTimeoutMs);
  };
}

function connected(target: Target, index: number): Promise<net.Socket> {
  const socket = target.path
    ? net.connect({ path: target.path })
    : net.connect({ host: target.host[index] ?? 'localhost', port: target.port[index] ?? 5432 });
  const timeoutMs = (target.connect_timeout ?? 30) * 1_000;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(connectTimeout(timeoutMs)), timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** From the first unanswered byte that is sent until any byte comes back: at most `answerTimeoutMs`. */
function destroyUnanswered(socket: net.Socket, answerTimeoutMs: number): net.Socket {
  let timer: NodeJS.Timeout | undefined;
  const answered = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const watched = (...args: unknown[]) => {
    // Without an error: the driver would forget a statement that is sent between an 'error' and its 'close'.
    timer ??= setTimeout(() => socket.destroy(), answerTimeoutMs);
    return write(...args);
  };
  socket.write = watched as typeof socket.write;
  // Not on('data'), which would set the bytes flowing before the driver listens.
  const emit = socket.emit.bind(socket) as (...args: unknown[]) => boolean;
  socket.emit = ((event: string, ...args: unknown[]) => {
    if (event === 'data') answered();
    return emit(event, ...args);
  }) as typeof socket.emit;
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    answered();
    return destroy(error);
  };
  return socket;
}

function connectTimeout(timeoutMs: number): Error {
  const error = new Error(`the database server took no connection within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'CONNECT_TIMEOUT' });
}
