import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useRef } from 'react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';

interface DialogProps {
  /** Opens it; absent where something else does. */
  trigger?: ReactNode;
  title: string;
  /** What happens when it is confirmed, with the numbers where there are any. */
  description: ReactNode;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** It may be as high as the screen, and stands further up. */
  isTall?: boolean | undefined;
  children: ReactNode;
}

/** A dialog that traps focus and gives it back. Its confirm button names the deed, never "OK". */
export function Dialog({ trigger, title, description, open, onOpenChange, isTall, children }: DialogProps) {
  const opener = useRef<Element | null>(null);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      {trigger !== undefined && <Radix.Trigger asChild>{trigger}</Radix.Trigger>}
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          onOpenAutoFocus={() => {
            opener.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            giveFocusBack(opener.current);
          }}
          className={cn(
            'fixed left-1/2 z-50 w-[min(27rem,calc(100vw-2rem))] -translate-x-1/2 animate-pop rounded-lg border border-line bg-surface p-5 shadow-pop',
            isTall ? 'top-[5vh]' : 'top-[14vh]',
          )}
        >
          <Radix.Title className="pr-8 font-semibold text-base">{title}</Radix.Title>
          <Radix.Description asChild>
            <div className="mt-1.5 text-muted">{description}</div>
          </Radix.Description>
          <div className="mt-4">{children}</div>
          <Radix.Close asChild>
            <Button look="quiet" size="icon-sm" className="absolute top-4 right-4" aria-label="Close">
              <X aria-hidden />
            </Button>
          </Radix.Close>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/**
 * To what opened the dialog, and where that is gone with what was done (a row that was deleted, a button whose deed is
 * done), to the page's content: a keyboard goes on from there, and not from the top of the navigation.
 */
function giveFocusBack(opener: Element | null): void {
  const canHaveIt = opener instanceof HTMLElement && opener !== document.body && opener.isConnected;
  if (canHaveIt) opener.focus();
  // A button that may not be pressed now does not take it.
  if (!canHaveIt || document.activeElement !== opener) focusContent();
  else focusContentWhenGone(opener);
}

const focusContent = () => document.getElementById('content')?.focus({ preventScroll: true });

/** A row often goes only after its dialog has closed, with the next data: the focus goes with it, and would be nowhere. */
function focusContentWhenGone(opener: HTMLElement): void {
  const observer = new MutationObserver(() => {
    if (document.activeElement === opener) return;
    observer.disconnect();
    if (!opener.isConnected && document.activeElement === document.body) focusContent();
  });
  observer.observe(document.body, { childList: true, subtree: true });
}

/** The row of buttons at a dialog's end. */
export function DialogButtons({ children, dismiss = 'Cancel' }: { children: ReactNode; dismiss?: string }) {
  return (
    <div className="sticky bottom-0 mt-5 flex justify-end gap-2 bg-surface pt-1">
      <Radix.Close asChild>
        <Button>{dismiss}</Button>
      </Radix.Close>
      {children}
    </div>
  );
}
