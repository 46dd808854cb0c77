import { Link, useFetcher } from '@remix-run/react';
import { useEffect, useRef } from 'react';
import type { ActionResult } from '../page-error.ts';
import { useToast } from './toast.tsx';

/** A form that posts without leaving the page and tells its outcome as a toast; `onDone` runs after a success. */
export function useAction(onDone: () => void) {
  const { Form, state, data } = useFetcher<ActionResult>();
  const toast = useToast();
  const told = useRef<ActionResult | undefined>(undefined);
  const done = useRef(onDone);
  done.current = onDone;
  useEffect(() => {
    if (state !== 'idle' || data === undefined || data === told.current) return;
    told.current = data;
    if (!data.ok) {
      const { title, message, code, errorId } = data.error;
      toast({ tone: 'bad', title, detail: `${message} (${code}${errorId === null ? '' : `, error id ${errorId}`})` });
      return;
    }
    done.current();
    const { title, detail, runId } = data;
    const link = runId !== undefined && (
      <Link to={`/data/runs/${runId}`} className="text-accent underline">
        Open the run
      </Link>
    );
    toast({ tone: 'ok', title, detail: link || detail });
  }, [state, data, toast]);
  return { Form, busy: state !== 'idle' };
}
