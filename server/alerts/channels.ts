// How a notification leaves: as a log line, as a webhook through the guarded client, as an e-mail.
import { createTransport } from 'nodemailer';
import type { AlertChannel } from '#db/schema/index.ts';
import { type Logger, ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';

export type Notification = {
  /** The delivery's id: the same in every copy. */
  id: string;
  eventId: string;
  kind: 'firing' | 'resolved' | 'test';
  tenant: string;
  ruleId: string;
  ruleName: string;
  metric: string;
  value: number | null;
  operator: string;
  threshold: number;
  at: string;
};

export type Channels = {
  /** @throws when the notification did not arrive, as far as is known */
  send(channel: AlertChannel, notification: Notification): Promise<void>;
  close(): void;
};

export type ChannelOptions = {
  log: Logger;
  outbound: OutboundClient;
  /** smtp(s)://user:password@host:port; null: nobody can be mailed. */
  smtpUrl: string | null;
  /** The sender's address. */
  mailFrom: string;
};

const DEADLINE_MS = 15_000;

/** Opens the ways out; connections are made when something is sent. */
export function createChannels(options: ChannelOptions): Channels {
  const mail =
    options.smtpUrl === null
      ? null
      : createTransport({
          url: options.smtpUrl,
          connectionTimeout: DEADLINE_MS,
          greetingTimeout: DEADLINE_MS,
          socketTimeout: DEADLINE_MS,
        });
  return {
    async send(channel, notification) {
      switch (channel.kind) {
        case 'log':
          options.log.warn({ alert: notification }, `alert ${notification.kind}: ${subjectOf(notification)}`);
          return;
        case 'webhook':
          return post(options.outbound, channel.url, notification);
        case 'email': {
          if (mail === null) {
            throw new ServiceError(
              'CHANNEL_UNAVAILABLE',
              'e-mail is not configured: set SMTP_URL on the worker, or use another channel',
            );
          }
          await mail.sendMail({
            from: options.mailFrom,
            to: channel.to,
            subject: `[${notification.tenant}] ${subjectOf(notification)}`,
            text: textOf(notification),
            messageId: `<${notification.id}@mainspring.alerts>`,
          });
        }
      }
    },
    close() {
      mail?.close();
    },
  };
}

async function post(outbound: OutboundClient, url: string, notification: Notification): Promise<void> {
  const { status } = await outbound.request({
    trust: 'tenant',
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'webhook-id': notification.id },
    body: JSON.stringify({ type: `alert.${notification.kind}`, ...notification }),
    deadlineMs: DEADLINE_MS,
    maxResponseBytes: 64 * 1024,
  });
  if (status < 200 || status > 299)
    throw new ServiceError(
      'CHANNEL_REFUSED',
      `the webhook answered ${status}; anything but 2xx counts as not delivered`,
    );
}

/** One line for people. */
export function subjectOf({ kind, ruleName, metric, value, operator, threshold }: Notification): string {
  const now = value === null ? 'has no value' : `is ${Number(value.toPrecision(6))}`;
  if (kind === 'resolved') return `resolved: ${ruleName} (${metric} ${now})`;
  const prefix = kind === 'test' ? 'test: ' : '';
  return `${prefix}${ruleName} (${metric} ${now}, alert when ${operator} ${threshold})`;
}

const textOf = (notification: Notification) =>
  [
    subjectOf(notification),
    '',
    `Tenant: ${notification.tenant}`,
    `At: ${notification.at} (UTC)`,
    `Rule: ${notification.ruleId}`,
    `Notification: ${notification.id}`,
    '',
  ].join('\n');
