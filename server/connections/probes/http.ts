import { Webhook } from 'standardwebhooks';
import { newId, ServiceError } from '#server/lib/index.ts';
import { type OutboundAnswer, statusText } from '#server/outbound/index.ts';
import type { ConfigOf } from '../kinds.ts';
import type { Probe } from './index.ts';

const refused = (answer: OutboundAnswer) =>
  new ServiceError('OUTBOUND_UNREACHABLE', `it answered ${statusText(answer.status)}`);

/** One event of the type `mainspring.test`, signed as real ones are. */
export const probeWebhook: Probe = async ({ config, secrets, outbound, deadlineMs }) => {
  const id = newId();
  const at = new Date();
  const body = JSON.stringify({ type: 'mainspring.test', timestamp: at.toISOString(), data: {} });
  const headers: Record<string, string> = {
    ...(config as ConfigOf<'webhook'>).headers,
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
  };
  if (secrets.signingSecret !== undefined)
    headers['webhook-signature'] = new Webhook(Buffer.from(secrets.signingSecret).toString('base64')).sign(
      id,
      at,
      body,
    );
  if (secrets.authorization !== undefined) headers.authorization = secrets.authorization;
  const answer = await outbound.request({
    ...{ url: secrets.url ?? '', method: 'POST', headers, body },
    ...{ deadlineMs, maxResponseBytes: 10_000, trust: 'tenant' },
  });
  if (answer.status < 200 || answer.status > 299) throw refused(answer);
  return `it took a test event: ${statusText(answer.status)}`;
};

/** Asks for the repository's references, as a clone begins. */
export const probeGit: Probe = async ({ config, secrets, outbound, deadlineMs }) => {
  const { url } = config as ConfigOf<'git'>;
  const user = `${secrets.username ?? 'token'}:${secrets.token ?? ''}`;
  const answer = await outbound.request({
    url: `${url.replace(/\/$/, '')}/info/refs?service=git-upload-pack`,
    headers: secrets.token === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` },
    ...{ deadlineMs, maxResponseBytes: 100_000, trust: 'tenant' },
  });
  if (answer.status !== 200) throw refused(answer);
  if (!answer.headers['content-type']?.startsWith('application/x-git-upload-pack-advertisement'))
    throw new ServiceError('OUTBOUND_UNREACHABLE', 'it answered, but not as a Git repository');
  return 'the repository can be read';
};

/** What each backend offers for asking whether it is there and takes the key. */
const SIEM_CHECKS = {
  splunk: (key: string) => ({ path: '/services/collector/health', headers: { authorization: `Splunk ${key}` } }),
  datadog: (key: string) => ({ path: '/api/v1/validate', headers: { 'dd-api-key': key } }),
  elastic: (key: string) => ({ path: '/', headers: { authorization: `ApiKey ${key}` } }),
};

export const probeSiem: Probe = async ({ config, secrets, outbound, deadlineMs }) => {
  const { backend, endpoint } = config as ConfigOf<'siem'>;
  const { path, headers } = SIEM_CHECKS[backend](secrets.apiKey ?? '');
  const url = `${endpoint.replace(/\/$/, '')}${path}`;
  const answer = await outbound.request({ url, headers, deadlineMs, maxResponseBytes: 100_000, trust: 'tenant' });
  if (answer.status !== 200) throw refused(answer);
  return `${backend} answers and takes the key`;
};
