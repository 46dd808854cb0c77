export type { Problem } from './problem.ts';
export * from './schema.ts';
