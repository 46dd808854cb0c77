// What the form of each kind of connection asks for. The server's schemas decide; this is how people meet them.
import type { ConnectionKind } from '#server/web/index.ts';

export interface KindField {
  /** As the API calls it. */
  name: string;
  label: string;
  /** `lines`: one entry a line. */
  type: 'text' | 'url' | 'email' | 'number' | 'lines' | 'choice' | 'check';
  isRequired?: boolean;
  hint?: string;
  placeholder?: string;
  /** What stands there first; of a check '1' is set. */
  initial?: string;
  options?: { value: string; label: string }[];
}

export interface KindForm {
  label: string;
  /** What one uses it for, in a sentence. */
  says: string;
  /** What a test of it does. */
  test: string;
  config: KindField[];
  secrets: KindField[];
}

const SASL = [
  { value: '', label: 'None' },
  { value: 'plain', label: 'PLAIN' },
  { value: 'scram-sha-256', label: 'SCRAM-SHA-256' },
  { value: 'scram-sha-512', label: 'SCRAM-SHA-512' },
];
const BACKENDS = [
  { value: 'splunk', label: 'Splunk' },
  { value: 'datadog', label: 'Datadog' },
  { value: 'elastic', label: 'Elastic or OpenSearch' },
];
const MAIL_TLS = [
  { value: 'implicit', label: 'From the first byte (port 465)' },
  { value: 'starttls', label: 'STARTTLS (port 587)' },
  { value: 'none', label: 'None: sends no password' },
];

/** A kind that is added to the union and not here fails to compile. */
export const KIND_FORMS: Record<ConnectionKind, KindForm> = {
  webhook: {
    label: 'Webhook',
    says: 'An address that takes events, as chat systems and other services have.',
    test: 'Sends one signed event of the type mainspring.test, without data.',
    config: [
      {
        ...{ name: 'headers', label: 'Further headers', type: 'lines', placeholder: 'X-Team: data' },
        hint: 'One a line, as Name: value. They are shown: nothing secret here.',
      },
    ],
    secrets: [
      { name: 'url', label: 'Address', type: 'text', isRequired: true, placeholder: 'https://…' },
      { name: 'signingSecret', label: 'Signing secret', type: 'text', hint: 'Signs each event (Standard Webhooks).' },
      { name: 'authorization', label: 'Authorization header', type: 'text', placeholder: 'Bearer …' },
    ],
  },
  s3: {
    label: 'S3 bucket',
    says: 'A bucket of Amazon S3 or of anything that speaks its protocol.',
    test: 'Asks whether the bucket is there (HEAD).',
    config: [
      { name: 'bucket', label: 'Bucket', type: 'text', isRequired: true },
      { name: 'region', label: 'Region', type: 'text', initial: 'us-east-1' },
      { name: 'endpoint', label: 'Endpoint', type: 'url', placeholder: 'https://…', hint: 'Empty: Amazon S3.' },
      { name: 'prefix', label: 'Prefix', type: 'text', placeholder: 'exports/' },
      { name: 'forcePathStyle', label: 'Bucket in the path, not in the host name', type: 'check' },
    ],
    secrets: [
      { name: 'accessKeyId', label: 'Access key id', type: 'text', isRequired: true },
      { name: 'secretAccessKey', label: 'Secret access key', type: 'text', isRequired: true },
      { name: 'sessionToken', label: 'Session token', type: 'text' },
    ],
  },
  kafka: {
    label: 'Kafka',
    says: 'A cluster that streams are read from.',
    test: 'Connects to each broker. Whether it takes the password shows at the first use.',
    config: [
      {
        ...{
          name: 'brokers',
          label: 'Brokers',
          type: 'lines',
          isRequired: true,
          placeholder: 'kafka-1.example.org:9093',
        },
        hint: 'One a line, as host:port.',
      },
      { name: 'clientId', label: 'Client id', type: 'text' },
      { name: 'ssl', label: 'TLS', type: 'check', initial: '1' },
      { name: 'saslMechanism', label: 'Sign-in (SASL)', type: 'choice', options: SASL },
      { name: 'username', label: 'User', type: 'text' },
    ],
    secrets: [{ name: 'password', label: 'Password', type: 'text' }],
  },
  git: {
    label: 'Git repository',
    says: 'A repository, over https.',
    test: 'Asks for the list of references, as a clone begins.',
    config: [
      {
        name: 'url',
        label: 'Address',
        type: 'url',
        isRequired: true,
        placeholder: 'https://git.example.org/team/repo.git',
      },
      { name: 'branch', label: 'Branch', type: 'text', initial: 'main' },
      { name: 'path', label: 'Folder', type: 'text', placeholder: 'pipelines', hint: 'Empty: the whole repository.' },
    ],
    secrets: [
      { name: 'username', label: 'User', type: 'text' },
      { name: 'token', label: 'Token', type: 'text' },
    ],
  },
  siem: {
    label: 'SIEM',
    says: 'Where security events are collected.',
    test: 'Asks the collector whether it is well.',
    config: [
      { name: 'backend', label: 'System', type: 'choice', options: BACKENDS, initial: 'splunk' },
      { name: 'endpoint', label: 'Endpoint', type: 'url', isRequired: true, placeholder: 'https://…' },
      { name: 'index', label: 'Index', type: 'text' },
      { name: 'sourcetype', label: 'Source type', type: 'text', hint: 'Splunk only.' },
    ],
    secrets: [{ name: 'apiKey', label: 'API key or token', type: 'text', isRequired: true }],
  },
  smtp: {
    label: 'Mail server',
    says: 'A server that mail is sent through.',
    test: 'Signs in as for a mail and sends none.',
    config: [
      { name: 'host', label: 'Host', type: 'text', isRequired: true, placeholder: 'mail.example.org' },
      { name: 'port', label: 'Port', type: 'number', initial: '465' },
      { name: 'tls', label: 'TLS', type: 'choice', options: MAIL_TLS, initial: 'implicit' },
      { name: 'from', label: 'Sender', type: 'email', isRequired: true, placeholder: 'mainspring@example.org' },
      { name: 'username', label: 'User', type: 'text' },
    ],
    secrets: [{ name: 'password', label: 'Password', type: 'text' }],
  },
};

export const KINDS = Object.keys(KIND_FORMS) as ConnectionKind[];
export const kindOf = (text: string | null): ConnectionKind | undefined => KINDS.find((kind) => kind === text);

/** How a secret is called on the pages. */
export const secretLabel = (kind: ConnectionKind, name: string): string =>
  KIND_FORMS[kind].secrets.find((field) => field.name === name)?.label ?? name;

/** Where a connection leads, as a person would say it. */
export function addressOf(kind: ConnectionKind, config: Record<string, unknown>): string {
  const part = (name: string) => (typeof config[name] === 'string' ? config[name] : '');
  switch (kind) {
    case 'webhook':
      return part('origin');
    case 's3':
      return `${part('bucket')}${part('endpoint') === '' ? '' : ` at ${part('endpoint')}`}`;
    case 'kafka':
      return shownLines('brokers', config.brokers).replaceAll('\n', ', ');
    case 'smtp':
      return `${part('host')}:${String(config.port ?? '')}`;
    case 'git':
      return part('url');
    case 'siem':
      return part('endpoint');
  }
}

/** An entry a line, as its field shows it: brokers as host:port, headers as Name: value. */
export function shownLines(name: string, value: unknown): string {
  if (name === 'brokers' && Array.isArray(value))
    return (value as { host: string; port: number }[])
      .map(({ host, port }) => `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`)
      .join('\n');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([header, text]) => `${header}: ${String(text)}`)
    .join('\n');
}
