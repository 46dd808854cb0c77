import { Ban, Check, Hourglass, LoaderCircle, X } from 'lucide-react';
import type { EventStatus } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** A status that is added to the union and not here fails to compile. */
export const eventLook: Record<EventStatus, Look> = {
  pending: { label: 'Waiting', tone: 'idle', icon: Hourglass },
  processing: { label: 'In flight', tone: 'busy', icon: LoaderCircle },
  published: { label: 'Published', tone: 'ok', icon: Check },
  failed: { label: 'Failed', tone: 'bad', icon: X },
  discarded: { label: 'Discarded', tone: 'held', icon: Ban },
};

export const EVENT_STATUSES = ['pending', 'processing', 'published', 'failed', 'discarded'] as const;

export const isEventStatus = (text: string | null): text is EventStatus =>
  text !== null && Object.hasOwn(eventLook, text);
