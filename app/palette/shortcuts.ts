import { useEffect, useRef } from 'react';

/** Wait for the second key of a pair such as `g s`, in milliseconds. */
const PAIR_MS = 1_500;

/** What keys do: a single key (`?`), a pair (`g s`), or one with Ctrl or Cmd (`mod+k`). */
export type Shortcuts = Record<string, () => void>;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/**
 * Listens for shortcuts on the whole page. Plain keys count only where nobody is typing and no dialog is open;
 * those with Ctrl or Cmd count everywhere.
 */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    let first = '';
    let firstAtMs = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.altKey) return;
      const isModified = event.ctrlKey || event.metaKey;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (!isModified && (isTyping(event.target) || document.querySelector('[role="dialog"]') !== null)) return;
      const pair = event.timeStamp - firstAtMs < PAIR_MS ? `${first} ${key}` : '';
      const run = isModified ? latest.current[`mod+${key}`] : (latest.current[pair] ?? latest.current[key]);
      first = isModified || run ? '' : key;
      // When it was pressed, not when a busy page came to hear of it.
      firstAtMs = event.timeStamp;
      if (!run) return;
      event.preventDefault();
      run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
