import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { Button } from './button.tsx';

interface ToastMessage {
  tone: 'ok' | 'bad';
  title: string;
  detail?: ReactNode;
}
const ToastContext = createContext<(message: ToastMessage) => void>(() => {});

/** Says what an action came to. An error stays until it is closed; success goes after six seconds. */
export const useToast = () => useContext(ToastContext);

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(ToastMessage & { id: number })[]>([]);
  const push = useCallback((message: ToastMessage) => {
    // At most three: a fourth means nobody is reading.
    setToasts((shown) => [...shown.slice(-2), { ...message, id: (shown.at(-1)?.id ?? 0) + 1 }]);
  }, []);
  const drop = useCallback((id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)), []);
  const value = useMemo(() => push, [push]);
  return (
    <ToastContext.Provider value={value}>
      <Radix.Provider swipeDirection="right" label="Notification">
        {children}
        {toasts.map(({ id, tone, title, detail }) => (
          <Radix.Root
            key={id}
            duration={tone === 'ok' ? 6_000 : Number.POSITIVE_INFINITY}
            onOpenChange={(open) => !open && drop(id)}
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
            <Radix.Close asChild>
              <Button look="quiet" size="icon-sm" aria-label="Dismiss">
                <X aria-hidden />
              </Button>
            </Radix.Close>
          </Radix.Root>
        ))}
        <Radix.Viewport className="no-print fixed right-4 bottom-4 z-50 flex w-[min(24rem,calc(100vw-2rem))] flex-col gap-2" />
      </Radix.Provider>
    </ToastContext.Provider>
  );
}
