import type { MainspringClient } from 'mainspring/client';

/** What every command gets. */
export type Context = {
  client: MainspringClient;
  isJson: boolean;
  /** To standard output. */
  print(text: string): void;
};

/** 0: done. 1: a run failed, a document is invalid. */
export type ExitCode = 0 | 1;

export const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
