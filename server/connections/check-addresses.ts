import { ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';
import type { ConfigOf, ConnectionKind } from './kinds.ts';
import type { Parts } from './parse-parts.ts';

const TRUST = { trust: 'tenant' } as const;

/**
 * Asks for every address of a connection whether it may be reached. It asks resolvers, so not inside a transaction.
 * @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE
 */
export async function checkAddresses(outbound: OutboundClient, kind: ConnectionKind, parts: Parts): Promise<void> {
  switch (kind) {
    case 'webhook':
      await outbound.checkUrl(parts.secrets.url ?? '', TRUST);
      return;
    case 's3': {
      const { endpoint } = parts.config as ConfigOf<'s3'>;
      if (endpoint !== undefined) await outbound.checkUrl(endpoint, TRUST);
      return;
    }
    case 'git':
      await outbound.checkUrl((parts.config as ConfigOf<'git'>).url, TRUST);
      return;
    case 'siem':
      await outbound.checkUrl((parts.config as ConfigOf<'siem'>).endpoint, TRUST);
      return;
    case 'kafka': {
      const { brokers, ssl } = parts.config as ConfigOf<'kafka'>;
      for (const broker of brokers) await outbound.checkHost(hostOf(broker.host), { ...TRUST, isPlain: !ssl });
      return;
    }
    case 'smtp': {
      const { host, tls } = parts.config as ConfigOf<'smtp'>;
      await outbound.checkHost(hostOf(host), { ...TRUST, isPlain: tls === 'none' });
    }
  }
}

/** As a URL's host is read, so that decimal and octal forms mean here what they mean there. */
export function hostOf(text: string): string {
  const url = URL.parse(`https://${text.includes(':') && !text.startsWith('[') ? `[${text}]` : text}/`);
  if (!url?.hostname || url.port !== '') throw new ServiceError('ADDRESS_REFUSED', `"${text}" is no host`);
  return url.hostname;
}
