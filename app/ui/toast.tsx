import { Link, useFetcher } from '@remix-run/react';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { onLostAnswer } from '../lost-answer.ts';
import type { ActionResult, Undo } from '../page-error.ts';
import { Button } from './button.tsx';

interface ToastMessage {
  tone: 'ok' | 'bad';
  title: string;
  detail?: ReactNode;
  /** Takes the deed back; the toast stays a little longer for it. */
  undo?: Undo | undefined;
}

const LOST: ToastMessage = {
  tone: 'bad',
  title: 'The server does not answer',
  detail: 'It is not known whether this was done. The page stays as it is until the server is there again.',
};

const ToastContext = createContext<(message: ToastMessage) => void>(() => {});

/** How long a success stays, in milliseconds; longer where it can be taken back. An error stays until it is closed. */
const STAY_MS = 6_000;
const STAY_WITH_UNDO_MS = 10_000;

/** Says what an action came to. */
export const useToast = () => useContext(ToastContext);

/** Says what a form's action came to, in the one way in which all of them are told. */
export function useOutcomeToast(): (result: ActionResult) => void {
  const toast = useToast();
  return useCallback((result) => toast(messageOf(result)), [toast]);
}

function messageOf(result: ActionResult): ToastMessage {
  if (!result.ok) {
    const { title, message, code, errorId } = result.error;
    const detail = `${message} (${code}${errorId === null ? '' : `, error id ${errorId}`})`;
    return { tone: 'bad', title, detail };
  }
  const { title, detail, runId, requestId, undo } = result;
  if (runId !== undefined)
    return { tone: 'ok', title, detail: <ToastLink to={`/data/runs/${runId}`}>Open the run</ToastLink>, undo };
  if (requestId === undefined) return { tone: 'ok', title, detail, undo };
  const link = <ToastLink to={`/ops/approvals/${requestId}`}>See the change request</ToastLink>;
  return {
    ...{ tone: 'ok', title, undo },
    detail: (
      <>
        {detail} {link}
      </>
    ),
  };
}

const ToastLink = ({ to, children }: { to: string; children: ReactNode }) => (
  <Link to={to} className="text-accent underline">
    {children}
  </Link>
);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(ToastMessage & { id: number })[]>([]);
  const push = useCallback((message: ToastMessage) => {
    setToasts((shown) => {
      // What was waited for has ended or is said anew.
      const others = shown.filter(({ title }) => title !== LOST.title);
      // At most three: a fourth means nobody is reading.
      return [...others.slice(-2), { ...message, id: (shown.at(-1)?.id ?? 0) + 1 }];
    });
  }, []);
  const drop = useCallback((id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)), []);
  useEffect(() => onLostAnswer(() => push(LOST)), [push]);
  const takeBack = useUndo(push);
  return (
    <ToastContext.Provider value={push}>
      <Radix.Provider swipeDirection="right" label="Notification">
        {children}
        {toasts.map(({ id, ...message }) => (
          <ToastCard
            key={id}
            {...message}
            onClose={() => drop(id)}
            onUndo={(undo) => {
              drop(id);
              takeBack(undo);
            }}
          />
        ))}
        <Radix.Viewport className="no-print fixed right-4 bottom-4 z-50 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2" />
      </Radix.Provider>
    </ToastContext.Provider>
  );
}

/** Posts what takes a deed back, and tells how that went: it may be too late for it. */
function useUndo(push: (message: ToastMessage) => void): (undo: Undo) => void {
  const { submit, state, data } = useFetcher<ActionResult>({ key: 'undo' });
  const told = useRef<ActionResult | undefined>(undefined);
  useEffect(() => {
    if (state !== 'idle' || data === undefined || data === told.current) return;
    told.current = data;
    push({ ...messageOf(data), undo: undefined });
  }, [state, data, push]);
  return useCallback(({ action, fields }) => submit(fields, { method: 'post', action }), [submit]);
}

type ToastCardProps = ToastMessage & { onClose: () => void; onUndo: (undo: Undo) => void };

function ToastCard({ tone, title, detail, undo, onClose, onUndo }: ToastCardProps) {
  const stayMs = undo === undefined ? STAY_MS : STAY_WITH_UNDO_MS;
  return (
    <Radix.Root
      duration={tone === 'ok' ? stayMs : Number.POSITIVE_INFINITY}
      onOpenChange={(open) => !open && onClose()}
      className="flex animate-pop items-start gap-2.5 rounded-lg border border-line bg-surface p-3 shadow-pop"
    >
      {tone === 'ok' ? (
        <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-ok" />
      ) : (
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      )}
      <div className="min-w-0 flex-1">
        <Radix.Title className="font-medium">{title}</Radix.Title>
        {detail !== undefined && (
          <Radix.Description className="mt-0.5 break-words text-muted">{detail}</Radix.Description>
        )}
      </div>
      {undo !== undefined && (
        <Radix.Action asChild altText="Undo what was just done">
          <Button size="sm" onClick={() => onUndo(undo)}>
            Undo
          </Button>
        </Radix.Action>
      )}
      <Radix.Close asChild>
        <Button look="quiet" size="icon-sm" aria-label="Dismiss">
          <X aria-hidden />
        </Button>
      </Radix.Close>
    </Radix.Root>
  );
}
