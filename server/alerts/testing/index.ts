// A receiver of webhooks and a mail server on this machine, which keep what they are sent.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeEach } from 'vitest';

type Posted = { id: string | undefined; body: Record<string, unknown> };
type Mail = { from: string; to: string[]; text: string };

/** They listen until the file is done; before each test they are empty and well. */
export async function openInboxes() {
  const kept = { posted: [] as Posted[], mails: [] as Mail[], answerWith: 204, mailStepMs: 0, mailSessions: 0 };
  /** A mail server that takes its time for each answer. */
  const inTime = (done: () => void) => void setTimeout(done, kept.mailStepMs);
  const hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
      kept.posted.push({ id: request.headers['webhook-id']?.toString(), body });
      response.writeHead(kept.answerWith).end();
    });
  });
  const mailServer = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onConnect(_session, done) {
      kept.mailSessions += 1;
      inTime(done);
    },
    onMailFrom: (_address, _session, done) => inTime(done),
    onRcptTo: (_address, _session, done) => inTime(done),
    onClose() {
      kept.mailSessions -= 1;
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        kept.mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('utf8'),
        });
        inTime(done);
      });
    },
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => mailServer.listen(0, '127.0.0.1', () => resolve()));
  beforeEach(() => {
    Object.assign(kept, { posted: [], mails: [], answerWith: 204, mailStepMs: 0 });
  });
  afterAll(async () => {
    hook.close();
    await new Promise<void>((resolve) => mailServer.close(() => resolve()));
  });
  return {
    hookUrl: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`,
    smtpUrl: `smtp://127.0.0.1:${(mailServer.server.address() as AddressInfo).port}`,
    /** What the webhook was posted, in its order. */
    posted: () => kept.posted,
    mails: () => kept.mails,
    /** How many connections the mail server has open. */
    mailSessions: () => kept.mailSessions,
    /** How long the mail server thinks about each command until the test is over. */
    slowMailBy(stepMs: number) {
      kept.mailStepMs = stepMs;
    },
    /** The status of the webhook's answers until the test is over. */
    answerWith(status: number) {
      kept.answerWith = status;
    },
  };
}
