import { useEffect, useRef, useState } from 'react';
import type { Problem, SqlPreviewNode } from '#server/web/index.ts';

/** Wait after the last key before a document is checked, in milliseconds. */
const TYPING_MS = 450;

export interface Checked {
  /** The text that this is about. */
  text: string;
  problems: Problem[];
  nodes: SqlPreviewNode[];
  /** The document, where the text is one. */
  document: unknown;
  /** Why there is no answer. */
  failure: string | null;
}

const nothing: Checked = { text: '', problems: [], nodes: [], document: null, failure: null };

/** What is wrong with a text that is no JSON, in one problem at its beginning. */
const notJson = (error: unknown): Problem => ({
  pointer: '',
  code: 'not_json',
  message: `this is not JSON yet: ${error instanceof Error ? error.message : 'it cannot be read'}`,
  severity: 'error',
});

/** Asks the server for all problems and the SQL, a moment after each change. `seed` is shown before the first answer. */
export function useCheck(text: string, seed: Problem[]): Checked & { isChecking: boolean } {
  const [checked, setChecked] = useState<Checked>({ ...nothing, problems: seed });
  const [isChecking, setChecking] = useState(false);
  const isFirst = useRef(true);
  useEffect(() => {
    const abort = new AbortController();
    const check = async () => {
      let document: unknown;
      try {
        document = JSON.parse(text);
      } catch (error) {
        setChecked((last) => ({ ...last, text, problems: [notJson(error)], failure: null }));
        return;
      }
      setChecking(true);
      const answer = await ask(document, abort.signal);
      if (abort.signal.aborted) return;
      setChecking(false);
      setChecked({ ...answer, text, document });
    };
    const timer = setTimeout(check, isFirst.current ? 0 : TYPING_MS);
    isFirst.current = false;
    return () => {
      clearTimeout(timer);
      abort.abort();
      setChecking(false);
    };
  }, [text]);
  return { ...checked, isChecking };
}

async function ask(document: unknown, signal: AbortSignal): Promise<Omit<Checked, 'text' | 'document'>> {
  const failed = (failure: string) => ({ problems: [], nodes: [], failure });
  try {
    const response = await fetch('/api/v1/validate', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ document }),
      signal,
    });
    const body = (await response.json()) as { problems?: Problem[]; nodes?: SqlPreviewNode[]; message?: string };
    if (response.status === 401) return failed('You are signed out. Sign in in another tab; this text stays.');
    if (!response.ok) return failed(body.message ?? 'The server could not check this.');
    return { problems: body.problems ?? [], nodes: body.nodes ?? [], failure: null };
  } catch {
    return failed('The server does not answer. The text stays; it is checked again at the next change.');
  }
}
