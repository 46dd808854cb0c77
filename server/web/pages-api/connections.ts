// Connections to other systems as the pages see them.
import type { ConnectionKind } from '#server/connections/index.ts';
import type { Instant } from './wire.ts';

export type { ConnectionKind };

/** Never with a secret's value: `secretNames` says which are set. */
export interface Connection {
  id: string;
  name: string;
  kind: ConnectionKind;
  description: string;
  config: Record<string, unknown>;
  secretNames: string[];
  createdBy: string;
  createdAt: Instant;
  updatedBy: string;
  updatedAt: Instant;
  test: { ok: boolean; message: string; testedAt: Instant } | null;
}

/** What uses a connection; `total` counts also the pipelines that are not listed. */
export interface ConnectionUses {
  items: { pipelineId: string; pipelineName: string; isLive: boolean }[];
  total: number;
  isGitSource: boolean;
}

export interface ConnectionParts {
  config: Record<string, unknown>;
  secrets: Record<string, string | null>;
}

export interface ConnectionsApi {
  list(input: { kind?: ConnectionKind }): Promise<{ items: Connection[] }>;
  get(input: { id: string }): Promise<Connection>;
  uses(input: { id: string }): Promise<ConnectionUses>;
  create(
    input: { name: string; kind: ConnectionKind; description: string } & Partial<ConnectionParts>,
  ): Promise<Connection>;
  /** Secrets that are not named stay; null removes one. */
  update(
    input: { id: string; name?: string; description?: string; ifUpdatedAt?: Instant } & Partial<ConnectionParts>,
  ): Promise<Connection>;
  test(input: { id: string }): Promise<{ ok: boolean; message: string; durationMs: number }>;
  delete(input: { id: string }): Promise<{ id: string }>;
  rotateKeys(): Promise<{ keyId: string; isNew: boolean; resealed: number; remaining: number }>;
}
