// A tenant's Git repository as the pages see it.
import type { Applied, GitopsDocument, GitopsDocumentDetail, GitopsStatus, SourcePlan } from '#server/gitops/index.ts';
import type { Page, PageInput } from './wire.ts';

export type { DriftState } from '#server/gitops/index.ts';
export type { Applied, GitopsDocument, GitopsDocumentDetail, GitopsStatus, SourcePlan };

export interface GitopsApi {
  status(): Promise<GitopsStatus>;
  setSource(input: { connection: string }): Promise<GitopsStatus>;
  removeSource(): Promise<GitopsStatus>;
  testSource(input: { connection: string }): Promise<{ ok: boolean; message: string }>;
  check(): Promise<GitopsStatus>;
  documents(input: PageInput & { state?: GitopsDocument['state']; search?: string }): Promise<Page<GitopsDocument>>;
  /** By id or name. */
  document(input: { id: string }): Promise<GitopsDocumentDetail>;
  planSource(): Promise<SourcePlan>;
  applySource(input: {
    checkId: string;
    items: { name: string; baseVersion: number | null }[];
    publish: boolean;
  }): Promise<{ items: Applied[] }>;
}
