// Retention policies, holds and what purges deleted, as the pages see them.
import type {
  PlacedHold,
  PlaceHoldInput,
  Receipt as PurgeReceipt,
  Hold as RetentionHold,
  RetentionOverview,
  Policy as RetentionPolicy,
  Preview as RetentionPreview,
} from '#server/retention/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { PurgeReceipt, RetentionHold, RetentionOverview, RetentionPolicy, RetentionPreview };

export type RetentionMode = RetentionOverview['mode'];

export type DataClass = RetentionPolicy['dataClass'];

export type RetentionPlanClass = NonNullable<PurgeReceipt['plan'][DataClass]>;

export interface RetentionApi {
  overview(): Promise<RetentionOverview>;
  preview(): Promise<RetentionPreview>;
  setPolicy(input: {
    dataClass: DataClass;
    retentionDays: number;
    legalHold: boolean;
    note: string;
  }): Promise<RetentionPolicy>;
  setMode(input: { mode: RetentionMode }): Promise<RetentionOverview>;
  setRequestDueDays(input: { requestDueDays: number }): Promise<RetentionOverview>;
  listHolds(input: PageInput & { state: 'active' | 'all' }): Promise<Page<RetentionHold>>;
  placeHold(input: PlaceHoldInput): Promise<PlacedHold>;
  releaseHold(input: { id: string; reason: string }): Promise<RetentionHold>;
  receipts(input: PageInput): Promise<Page<PurgeReceipt>>;
}
