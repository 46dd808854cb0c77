import { useFetcher } from '@remix-run/react';
import { useEffect, useRef } from 'react';
import type { ActionResult } from '../page-error.ts';
import { useOutcomeToast } from './toast.tsx';

/** Tells what a fetcher's action came to as a toast, once; `onDone` runs after a success. */
export function useActionOutcome(
  { state, data }: { state: string; data: ActionResult | undefined },
  onDone: () => void = () => {},
): void {
  const tell = useOutcomeToast();
  const told = useRef<ActionResult | undefined>(undefined);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (state !== 'idle' || data === undefined || data === told.current) return;
    told.current = data;
    tell(data);
    if (data.ok) done.current();
  }, [state, data, tell]);
}

/** A form that posts without leaving the page and tells its outcome as a toast; `onDone` runs after a success. */
export function useAction(onDone: () => void) {
  const { Form, state, data } = useFetcher<ActionResult>();
  useActionOutcome({ state, data }, onDone);
  return { Form, busy: state !== 'idle' };
}
