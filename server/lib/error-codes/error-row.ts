import type { TRPC_ERROR_CODE_KEY } from '@trpc/server';

/** What follows from an error's code at every door. `says` is the message where the thrower gives none. */
export type ErrorRow = { http: number; trpc: TRPC_ERROR_CODE_KEY; level: 'info' | 'warn' | 'error'; says: string };
