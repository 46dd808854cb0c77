// Outbox events, their publishers and their history as the pages see them.
import type { Instant, Page, PageInput } from './wire.ts';

export type EventStatus = 'pending' | 'processing' | 'published' | 'failed' | 'discarded';

export interface OutboxSummary {
  pending: number;
  processing: number;
  published: number;
  failed: number;
  oldestPendingAgeSeconds: number | null;
}

export interface OutboxEventItem {
  id: string;
  type: string;
  key: string;
  status: EventStatus;
  attempts: number;
  requeueCount: number;
  payloadBytes: number;
  lastError: string | null;
  errorId: string | null;
  availableAt: Instant;
  createdAt: Instant;
  updatedAt: Instant;
  publishedAt: Instant | null;
  failedAt: Instant | null;
}

export interface OutboxEventDetail extends OutboxEventItem {
  payload: unknown;
  headers: Record<string, string>;
  lane: number;
}

export interface OutboxEventFilter {
  key?: string;
  type?: string;
  /** An id, or how a key or a type begins. */
  search?: string;
}

/** Minutes that the outbox's history can show. */
export type OutboxWindow = 15 | 60 | 360 | 1_440;

/** What waited is null where nobody looked; ages are null where nothing was published. */
export interface OutboxPoint {
  at: Instant;
  pending: number | null;
  processing: number | null;
  failed: number | null;
  oldestPendingAgeSeconds: number | null;
  published: number;
  ageP50Ms: number | null;
  ageP95Ms: number | null;
  ageP99Ms: number | null;
}

export interface OutboxPublisher {
  id: string;
  backend: string;
  startedAt: Instant;
  lastSeenAt: Instant;
  isSilent: boolean;
  failingSince: Instant | null;
  lanes: number[];
}

/** Which failed events: some, or all that a filter names. With `dryRun` they are only counted, as `remaining`. */
type FailedEvents = ({ ids: string[] } | { filter: OutboxEventFilter }) & { dryRun?: boolean };

export interface OutboxApi {
  summary(): Promise<OutboxSummary>;
  list(input: PageInput & OutboxEventFilter & { status?: EventStatus }): Promise<Page<OutboxEventItem>>;
  get(input: { id: string }): Promise<OutboxEventDetail>;
  history(input: { minutes: OutboxWindow }): Promise<{ stepSeconds: number; points: OutboxPoint[] }>;
  publishers(): Promise<{ items: OutboxPublisher[]; unheldLanes: number[] }>;
  requeue(input: FailedEvents): Promise<{ changed: number; remaining: number }>;
  discard(input: FailedEvents): Promise<{ changed: number; remaining: number }>;
}
