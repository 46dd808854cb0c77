// Where the audit log is shipped to, from the environment.
import type { Logger } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';

export const SIEM_BACKENDS = ['splunk', 'datadog', 'elastic'] as const;
export type SiemBackend = (typeof SIEM_BACKENDS)[number];

export type SiemTarget = {
  backend: SiemBackend;
  /** Without the path that the backend's interface has, and without a slash at its end. */
  endpoint: string;
  apiKey: string;
  /** splunk and elastic. */
  index: string;
  /** splunk. */
  sourcetype: string;
};
/** `skipped`: why nothing is shipped. */
export type SiemConfig = (SiemTarget & { client: OutboundClient }) | { skipped: string };

export type SiemEnvironment = Partial<
  Record<'SIEM_BACKEND' | 'SIEM_ENDPOINT' | 'SIEM_API_KEY' | 'SIEM_INDEX' | 'SIEM_SOURCETYPE', string>
>;

const NEEDED: Record<SiemBackend, (keyof SiemEnvironment)[]> = {
  splunk: ['SIEM_ENDPOINT', 'SIEM_API_KEY', 'SIEM_INDEX', 'SIEM_SOURCETYPE'],
  datadog: ['SIEM_ENDPOINT', 'SIEM_API_KEY'],
  elastic: ['SIEM_ENDPOINT', 'SIEM_API_KEY', 'SIEM_INDEX'],
};

/**
 * An unset or unknown backend ships nothing; warnOfUnknownSiem says so of an unknown one.
 * @throws Error that names the variable which a known backend lacks.
 */
export function readSiemConfig(env: SiemEnvironment, client: OutboundClient): SiemConfig {
  const given = env.SIEM_BACKEND ?? '';
  if (given === '') return { skipped: 'SIEM_BACKEND is not set' };
  const backend = SIEM_BACKENDS.find((one) => one === given);
  if (!backend) return { skipped: `SIEM_BACKEND "${given}" is not one of ${SIEM_BACKENDS.join(', ')}` };
  const missing = NEEDED[backend].filter((name) => !env[name]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')}: needed for SIEM_BACKEND=${backend}`);
  const endpoint = env.SIEM_ENDPOINT!;
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol))
    throw new Error('SIEM_ENDPOINT: must be a http or https URL');
  return {
    ...{ backend, client, endpoint: endpoint.replace(/\/+$/, ''), apiKey: env.SIEM_API_KEY! },
    ...{ index: env.SIEM_INDEX ?? '', sourcetype: env.SIEM_SOURCETYPE ?? '' },
  };
}

/**
 * Warns of a backend that is named and not known: every process that serves the job says so at its start, because the
 * job itself answers as if all were well.
 */
export function warnOfUnknownSiem(log: Logger, env: SiemEnvironment, siem: SiemConfig): void {
  if (env.SIEM_BACKEND && 'skipped' in siem) log.warn(`${siem.skipped}: nothing is shipped`);
}

/** What the cursor belongs to: the same backend at the same place, whatever key opens it. */
export const destinationId = ({ backend, endpoint, index }: SiemTarget): string =>
  [backend, endpoint, ...(backend === 'datadog' ? [] : [index])].join(' ');
