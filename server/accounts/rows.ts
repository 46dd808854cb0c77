/** An instant as PostgreSQL's text, as the API gives it. */
export const iso = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());

/** `search` anywhere in a text, for ILIKE; null without one. */
export const likePattern = (search: string | undefined): string | null =>
  search ? `%${search.replace(/[\\%_]/g, '\\$&')}%` : null;
