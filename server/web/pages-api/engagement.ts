// Scores of engagement as the pages see them.
import type { EngagementItem, EngagementSummary } from '#server/engagement/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { EngagementItem, EngagementSummary };
export type EngagementBand = EngagementItem['band'];

export interface EngagementApi {
  summary(): Promise<EngagementSummary>;
  list(input: PageInput & { band?: EngagementBand; search?: string }): Promise<Page<EngagementItem>>;
}
