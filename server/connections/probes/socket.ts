import { connect, isIP, type Socket } from 'node:net';
import { ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';
import { hostOf } from '../check-addresses.ts';
import type { ConfigOf } from '../kinds.ts';
import type { Probe } from './index.ts';

/** Connects to each broker, to see that it is there. Whether it takes the password shows at the first use. */
export const probeKafka: Probe = async ({ config, outbound, deadlineMs }) => {
  const { brokers, ssl } = config as ConfigOf<'kafka'>;
  for (const { host, port } of brokers) {
    const address = await addressOf(outbound, host, !ssl);
    await reach(address, port, deadlineMs);
  }
  return `${brokers.length === 1 ? 'the broker takes' : `all ${brokers.length} brokers take`} connections`;
};

/** Signs in as for a mail and sends none. */
export const probeSmtp: Probe = async ({ config, secrets, outbound, deadlineMs }) => {
  const { createTransport } = await import('nodemailer');
  const { host, port, tls, username } = config as ConfigOf<'smtp'>;
  const address = await addressOf(outbound, host, tls === 'none');
  const transport = createTransport({
    // Connected to what was checked; the certificate is held against the name.
    ...{ host: address, port, secure: tls === 'implicit', requireTLS: tls === 'starttls', ignoreTLS: tls === 'none' },
    ...(isIP(host) ? {} : { tls: { servername: host } }),
    ...(username === undefined ? {} : { auth: { user: username, pass: secrets.password ?? '' } }),
    ...{ connectionTimeout: deadlineMs, greetingTimeout: deadlineMs, socketTimeout: deadlineMs },
  });
  try {
    await transport.verify();
    return 'the mail server takes mail from us';
  } finally {
    transport.close();
  }
};

async function addressOf(outbound: OutboundClient, host: string, isPlain: boolean): Promise<string> {
  const [address] = await outbound.checkHost(hostOf(host), { trust: 'tenant', isPlain });
  if (address === undefined) throw new ServiceError('OUTBOUND_UNREACHABLE', `"${host}" has no address`);
  return address;
}

function reach(address: string, port: number, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ host: address, port, timeout: deadlineMs });
    const fail = (why: string) =>
      reject(new ServiceError('OUTBOUND_UNREACHABLE', `port ${port} could not be reached: ${why}`));
    socket.once('connect', () => resolve());
    socket.once('timeout', () => fail(`no answer within ${deadlineMs} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    for (const event of ['connect', 'timeout', 'error']) socket.once(event, () => socket.destroy());
  });
}
