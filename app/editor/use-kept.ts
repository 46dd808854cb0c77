import { useState } from 'react';

/** The newest value that there was: a refresh of the page takes an action's answer away, and what it said still holds. */
export function useKept<T>(value: T | undefined): T | undefined {
  const [kept, keep] = useState(value);
  if (value !== undefined && value !== kept) keep(value);
  return value ?? kept;
}
