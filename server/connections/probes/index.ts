import type { OutboundClient } from '#server/outbound/index.ts';
import type { ConnectionKind } from '../kinds.ts';
import { probeGit, probeSiem, probeWebhook } from './http.ts';
import { probeS3 } from './s3.ts';
import { probeKafka, probeSmtp } from './socket.ts';

/** Tries a connection: a sentence when it works, an error when not. */
export type Probe = (input: {
  config: Record<string, unknown>;
  secrets: Record<string, string>;
  outbound: OutboundClient;
  deadlineMs: number;
}) => Promise<string>;

export const probes: Record<ConnectionKind, Probe> = {
  webhook: probeWebhook,
  git: probeGit,
  siem: probeSiem,
  s3: probeS3,
  kafka: probeKafka,
  smtp: probeSmtp,
};
