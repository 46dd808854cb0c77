// What people ask about their own data, as the pages see it.
import type { DsarLink, DsarRequest } from '#server/dsar/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { DsarRequest };

export interface DsarApi {
  list(input: PageInput & { state?: 'open' | 'closed' | 'all'; customerId?: string }): Promise<Page<DsarRequest>>;
  get(input: { id: string }): Promise<DsarRequest>;
  create(input: {
    customerId: string;
    kind: DsarRequest['kind'];
    note: string;
    dueAt?: string;
    acceptEmpty: boolean;
  }): Promise<DsarRequest>;
  run(input: { id: string }): Promise<DsarRequest>;
  cancel(input: { id: string; reason: string }): Promise<DsarRequest>;
  link(input: { id: string }): Promise<DsarLink>;
}
