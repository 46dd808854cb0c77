import { Ban, Check, Hourglass, LoaderCircle, Lock, X } from 'lucide-react';
import type { DsarRequest } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** How the pages show a request's state. */
export const requestLook: Record<DsarRequest['state'], Look> = {
  waiting: { label: 'Waiting', tone: 'idle', icon: Hourglass },
  running: { label: 'Running', tone: 'busy', icon: LoaderCircle },
  completed: { label: 'Completed', tone: 'ok', icon: Check },
  refused: { label: 'Refused by a hold', tone: 'held', icon: Lock },
  failed: { label: 'Failed', tone: 'bad', icon: X },
  cancelled: { label: 'Cancelled', tone: 'idle', icon: Ban },
};

export const kindWords: Record<DsarRequest['kind'], string> = { access: 'Access', erase: 'Erasure' };

/** Whom it is about; after an erasure only by the hash that receipts have. */
export const subjectWords = ({ customerId, subjectHash }: DsarRequest): string =>
  customerId ?? `a customer since erased, …${subjectHash.slice(-8)}`;

/** Stores that the product calls something else than their table. */
const NAMED: Record<string, string> = { dlq_entries: 'dead letters', ai_attachments: 'AI attachments' };

/** `interaction_history` as words. */
export const storeWords = (name: string): string => {
  const words = NAMED[name] ?? name.replaceAll('_', ' ');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
};

/** A number of bytes as people say it. */
export const bytesWords = (bytes: number): string =>
  bytes < 1_024
    ? `${bytes} B`
    : bytes < 1_048_576
      ? `${(bytes / 1_024).toFixed(1)} KiB`
      : `${(bytes / 1_048_576).toFixed(1)} MiB`;
