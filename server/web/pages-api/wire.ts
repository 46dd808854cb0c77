// What answers of every kind are made of: instants as text, and lists a page at a time.

/** An instant as the API gives it: ISO 8601 in UTC. */
export type Instant = string;

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface PageInput {
  limit?: number;
  cursor?: string;
}
