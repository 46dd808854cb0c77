// The column and table types, by one door as `drizzle.ts` is.
export * from 'drizzle-orm/pg-core';
