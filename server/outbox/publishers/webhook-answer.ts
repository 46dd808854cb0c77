// What an answer of the receiver says about the event: pure.
import { statusText } from '#server/outbound/index.ts';

export type AnswerVerdict =
  | { kind: 'taken' }
  /** The receiver cannot now: only this key waits. */
  | { kind: 'later'; error: Error; delayMs: number }
  /** The receiver will never take this event. */
  | { kind: 'refused'; error: Error }
  /** It failed over this event, or it fails over every one. */
  | { kind: 'failed'; error: Error; delayMs: number }
  /** The address or our right to it is wrong: of no event, unless others are taken there. */
  | { kind: 'misdirected'; error: Error };

/** Of the client errors, those that are about what was sent and not about where or by whom. */
const ABOUT_THE_EVENT = new Set([400, 406, 409, 411, 412, 413, 414, 415, 416, 417, 422, 424, 428, 431, 451]);
// Not those of a proxy whose receiver crashed or hung (502, 504, 52x): it may do so over this event alone.
const NOT_NOW = new Set([408, 423, 425, 429, 503, 507, 509]);
const RETRY_MS = 1_000;
/** However long the receiver asks for. */
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_BODY_CHARS = 300;

/** @param answer status, headers by lower-case name, and the start of the body for the reason */
export function judgeAnswer(
  answer: { status: number; headers: Record<string, string>; body: Buffer },
  now: Date,
): AnswerVerdict {
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const said = answer.body.toString().replaceAll(/\s+/g, ' ').trim().slice(0, MAX_BODY_CHARS);
  const error = new Error(`the receiver answered ${statusText(status)}${said ? `: ${said}` : ''}`);
  const delayMs = retryAfterMs(answer.headers['retry-after'], now);
  if (NOT_NOW.has(status)) return { kind: 'later', error, delayMs };
  if (ABOUT_THE_EVENT.has(status)) return { kind: 'refused', error };
  if (status >= 500) return { kind: 'failed', error, delayMs };
  return { kind: 'misdirected', error };
}

/** Seconds or a date, as HTTP has it. */
function retryAfterMs(text: string | undefined, now: Date): number {
  if (text === undefined) return RETRY_MS;
  const askedMs = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now.getTime();
  if (!Number.isFinite(askedMs)) return RETRY_MS;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(RETRY_MS, askedMs));
}
