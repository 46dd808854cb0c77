// What an error of kafkajs says: whose fault it is, and so what becomes of the events.
import { PublisherUnavailableError } from '../publisher.ts';

export type KafkaVerdict =
  /** The batch is larger than the topic takes. */
  | { fault: 'size'; error: Error }
  /** Something about one event or its topic: trying again may help, as when the topic is made meanwhile. */
  | { fault: 'topic'; error: Error; isFinal: boolean }
  | { fault: 'event'; error: Error; isFinal: boolean }
  /** There is no topic of this name, or it is being made by this very request. */
  | { fault: 'missing topic'; error: Error }
  /** The broker, the network or our access: of no event. `isElecting`: it will be right in a moment. */
  | { fault: 'backend'; error: Error; isElecting: boolean };

const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);
const ELECTING = new Set(['LEADER_NOT_AVAILABLE', 'NOT_LEADER_FOR_PARTITION']);
/** Records that their topic's rules do not allow; 87 has no name in kafkajs. */
const INVALID_RECORD = new Set(['INVALID_TIMESTAMP', 'INVALID_RECORD', 'UNSUPPORTED_FOR_MESSAGE_FORMAT']);
const INVALID_RECORD_CODE = 87;

/** What Node says of a certificate that it does not accept; the first word of what OpenSSL says of a chain. */
const BAD_CERTIFICATE =
  /^(SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_|INVALID_CA$|ERR_TLS_CERT_ALTNAME_INVALID$)/;

/** Sorts an error of a send by its innermost cause: kafkajs wraps it once per layer. */
export function judgeKafkaError(error: unknown): KafkaVerdict {
  const root = rootOf(error);
  const type = 'type' in root ? String(root.type) : '';
  const code = 'code' in root ? root.code : undefined;
  const said = new Error(type ? `${type}: ${root.message}` : root.message, { cause: root });
  if (TOO_LARGE.has(type)) return { fault: 'size', error: said };
  if (INVALID_RECORD.has(type) || code === INVALID_RECORD_CODE) return { fault: 'event', error: said, isFinal: true };
  if (type === 'INVALID_TOPIC_EXCEPTION') return { fault: 'topic', error: said, isFinal: true };
  if (type === 'TOPIC_AUTHORIZATION_FAILED' || type === 'POLICY_VIOLATION')
    return { fault: 'topic', error: said, isFinal: false };
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return { fault: 'missing topic', error: said };
  const setting = settingBehind(root, code);
  if (setting) return { fault: 'backend', error: new Error(setting, { cause: root }), isElecting: false };
  // A refused sign-in stays refused; a connection that broke, or a broker that is electing, does not.
  const passes = 'retriable' in root && root.retriable === true;
  const fault = passes ? new PublisherUnavailableError(said.message, { cause: root }) : said;
  return { fault: 'backend', error: fault, isElecting: ELECTING.has(type) };
}

/** What to look at when waiting does not help; kafkajs takes a refused certificate for a connection that broke. */
function settingBehind(root: Error, code: unknown): string | null {
  if (typeof code === 'string' && BAD_CERTIFICATE.test(code))
    return `the broker's certificate is not accepted (${code}): ${root.message}; KAFKA_SSL_CA_FILE names the authority to trust, and KAFKA_BROKERS the name that the certificate bears`;
  if (root.name === 'KafkaJSSASLAuthenticationError')
    return `the broker refused the sign-in: ${root.message}; look at KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`;
  return null;
}

function rootOf(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error));
  while (root.cause instanceof Error) root = root.cause;
  return root;
}
