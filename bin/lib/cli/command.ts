import type { MainspringClient } from 'mainspring/client';

/** What every command gets. */
export type Context = {
  client: MainspringClient;
  isJson: boolean;
  /** To standard output. */
  print(text: string): void;
};

/** 0: done. 1: a run failed, a document is invalid. 3: done, but a version that was to go live waits for approval. */
export type ExitCode = 0 | 1 | 3;

export const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
