// How a notification leaves: as a log line, as a webhook through the guarded client, as an e-mail.
import { createTransport } from 'nodemailer';
import { type Logger, ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';

/** What a rule said, or a report that was made. */
export type Notification = AlertNotification | ReportNotification;

type Common = {
  /** The delivery's id: the same in every copy. */
  id: string;
  tenant: string;
  at: string;
};
type AlertNotification = Common & {
  kind: 'firing' | 'resolved' | 'test';
  eventId: string;
  ruleId: string;
  ruleName: string;
  metric: string;
  value: number | null;
  operator: string;
  threshold: number;
};
type ReportNotification = Common & {
  kind: 'report';
  reportId: string;
  scheduleId: string;
  title: string;
  template: string;
  /** The stretch it covers, and the zone its times are told in. */
  from: string;
  to: string;
  timezone: string;
  figures: { label: string; value: number | null; unit: string }[];
  /** A document that stands alone. */
  html: string;
  csv: string;
};

/** Where a notification goes, a webhook's address in the clear: never to be logged or answered. */
export type OpenChannel = { kind: 'log' } | { kind: 'webhook'; url: string } | { kind: 'email'; to: string[] };

export type Channels = {
  /** @throws when the notification did not arrive, as far as is known */
  send(channel: OpenChannel, notification: Notification): Promise<void>;
  close(): void;
};

export type ChannelOptions = {
  log: Logger;
  outbound: OutboundClient;
  /** smtp(s)://user:password@host:port; null: nobody can be mailed. */
  smtpUrl: string | null;
  /** The sender's address. */
  mailFrom: string;
  /** From the first look-up to the mail server's last answer. Default 30,000; half a claim at most (deliver.ts). */
  mailDeadlineMs?: number;
};

const DEADLINE_MS = 15_000;
/** A server may take its time for each of ten answers; more than this in all nobody waits. */
const MAIL_DEADLINE_MS = 30_000;

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
          return writeLog(options.log, notification);
        case 'webhook':
          return post(options.outbound, channel.url, notification);
        case 'email': {
          if (mail === null) {
            throw new ServiceError(
              'CHANNEL_UNAVAILABLE',
              'e-mail is not configured: set SMTP_URL on the worker, or use another channel',
            );
          }
          await withinDeadline(options.mailDeadlineMs ?? MAIL_DEADLINE_MS, (signal) =>
            mail.sendMail({
              from: options.mailFrom,
              to: channel.to,
              subject: `[${notification.tenant}] ${subjectOf(notification)}`,
              text: textOf(notification),
              ...(notification.kind === 'report' ? documentsOf(notification) : {}),
              messageId: `<${notification.id}@mainspring.alerts>`,
              signal,
            }),
          );
        }
      }
    },
    close() {
      mail?.close();
    },
  };
}

/** Aborting closes the connection: nothing of this try reaches anybody after its end. */
async function withinDeadline(deadlineMs: number, send: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    await send(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new ServiceError(
      'CHANNEL_REFUSED',
      `the mail server had not taken the message after ${deadlineMs / 1_000} s`,
    );
  }
}

function writeLog(log: Logger, notification: Notification): void {
  if (notification.kind !== 'report') {
    log.warn({ alert: notification }, `alert ${notification.kind}: ${subjectOf(notification)}`);
    return;
  }
  // The documents would fill the log; who wants them has the page.
  const { html: _html, csv: _csv, ...report } = notification;
  log.info({ report }, `report made: ${subjectOf(notification)}`);
}

/** The page as the mail's body, the table as a file for a spreadsheet. */
const documentsOf = ({ html, csv, template, to }: ReportNotification) => ({
  html,
  attachments: [
    { filename: `${template}-${to.slice(0, 10)}.csv`, content: csv, contentType: 'text/csv; charset=utf-8' },
  ],
});

async function post(outbound: OutboundClient, url: string, notification: Notification): Promise<void> {
  const { status } = await outbound.request({
    trust: 'tenant',
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', 'webhook-id': notification.id },
    body: JSON.stringify({
      type: notification.kind === 'report' ? 'report.made' : `alert.${notification.kind}`,
      ...notification,
    }),
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
export function subjectOf(notification: Notification): string {
  if (notification.kind === 'report') return `${notification.title}, until ${notification.to.slice(0, 16)}Z`;
  const { kind, ruleName, metric, value, operator, threshold } = notification;
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
    ...(notification.kind === 'report'
      ? [
          `From: ${notification.from} (UTC)`,
          `To: ${notification.to} (UTC)`,
          ...notification.figures.map(({ label, value, unit }) => `${label}: ${value ?? '–'}${unit && ` ${unit}`}`),
          `Report: ${notification.reportId}`,
        ]
      : [`At: ${notification.at} (UTC)`, `Rule: ${notification.ruleId}`]),
    `Notification: ${notification.id}`,
    '',
  ].join('\n');
