// Pipelines, their versions and documents as the pages see them.
import type { PipelineDocument, Policies, Problem } from '#server/ir/index.ts';
import type { Published } from './approvals.ts';
import type { RunStatus } from './runs.ts';
import type { NextFire, Occurrence, Pause, ScheduleSource } from './schedules.ts';
import type { Instant, Page, PageInput } from './wire.ts';

export type { PipelineDocument, Problem };

export interface PipelineListItem {
  id: string;
  name: string;
  description: string;
  owner: string;
  labels: Record<string, string>;
  liveVersion: number | null;
  latestVersion: number;
  schedule: ScheduleSource | null;
  scheduleWords: string | null;
  timezone: string | null;
  paused: Pause | null;
  lastRunAt: Instant | null;
  lastRunStatus: RunStatus | null;
  lastRunId: string | null;
  createdAt: Instant;
  updatedAt: Instant;
}

export interface PipelineDetail extends PipelineListItem {
  policies: Policies | null;
  nextFires: NextFire[];
}

export interface PipelineIr {
  pipelineId: string;
  version: number;
  liveVersion: number | null;
  latestVersion: number;
  createdBy: string;
  createdAt: Instant;
  document: PipelineDocument;
}

export interface PipelineVersion {
  version: number;
  isLive: boolean;
  createdBy: string;
  createdAt: Instant;
  publishedAt: Instant | null;
  /** Who approved it when it last went live by a change request. */
  approval: { requestId: string; approvedBy: { stage: string; voter: string; votedAt: Instant }[] } | null;
}

export interface SqlPreviewNode {
  nodeId: string;
  kind: string;
  columns: { name: string; type: string }[];
  statements: { purpose: string; sql: string }[];
}

export interface PipelinesApi {
  list(input: PageInput & { label?: string[]; search?: string }): Promise<Page<PipelineListItem>>;
  get(input: { id: string }): Promise<PipelineDetail>;
  ir(input: { id: string; version?: number }): Promise<PipelineIr>;
  versions(input: PageInput & { id: string }): Promise<Page<PipelineVersion>>;
  create(input: { document: unknown; publish?: boolean }): Promise<{ id: string; name: string; version: number }>;
  saveIr(input: { id: string; baseVersion: number; document: unknown }): Promise<{ id: string; version: number }>;
  publish(input: { id: string; version?: number }): Promise<Published>;
  validate(input: { document: unknown }): Promise<{ ok: boolean; problems: Problem[]; nodes: SqlPreviewNode[] }>;
  sqlPreview(input: { id: string }): Promise<{ version: number; problems: Problem[]; nodes: SqlPreviewNode[] }>;
  run(input: { id: string }): Promise<{ runId: string }>;
  pause(input: { id: string; reason: string; until?: string }): Promise<unknown>;
  resume(input: { id: string }): Promise<unknown>;
  occurrences(input: PageInput & { id: string }): Promise<Page<Occurrence>>;
}
