// What the pages of models call.
import type { Model, ModelInput, ModelTable, ModelVersion, ModelVersionDetail } from '#server/models/index.ts';

export type { Model, ModelInput, ModelTable, ModelVersion, ModelVersionDetail } from '#server/models/index.ts';

type Saved = { id: string; revision: number };

export interface ModelsApi {
  list(): Promise<{ items: Model[] }>;
  tables(): Promise<{ items: ModelTable[] }>;
  get(input: { id: string }): Promise<Model>;
  create(input: ModelInput): Promise<Saved>;
  update(input: Partial<ModelInput> & { id: string; revision: number }): Promise<Saved>;
  delete(input: { id: string }): Promise<{ id: string }>;
  train(input: { id: string }): Promise<ModelVersion>;
  score(input: {
    id: string;
    rows: Record<string, number | boolean | string | null>[];
  }): Promise<{ version: number; positive: string; scores: { probability: number }[] }>;
  versions(input: { id: string; limit?: number; cursor?: string }): Promise<{
    items: ModelVersion[];
    nextCursor: string | null;
  }>;
  version(input: { id: string; version: number }): Promise<ModelVersionDetail>;
  promote(input: {
    id: string;
    version: number;
    reason: string;
    acceptWorse: boolean;
    acceptOther: boolean;
  }): Promise<{ id: string; version: number; warning: string | null }>;
}
