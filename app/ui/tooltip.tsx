import { Tooltip as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** Wrap the page once; tooltips after the first open without delay. */
export const TooltipProvider = ({ children }: { children: ReactNode }) => (
  <Radix.Provider delayDuration={250} skipDelayDuration={400}>
    {children}
  </Radix.Provider>
);

/** Extra words for something that can be focused. What one must know to act never stands only in a tooltip. */
export function Tooltip({
  text,
  children,
  side = 'top',
}: {
  text: ReactNode;
  children: ReactNode;
  side?: 'top' | 'right' | 'bottom';
}) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{children}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          side={side}
          sideOffset={5}
          collisionPadding={8}
          className="z-50 max-w-80 animate-pop rounded-md bg-primary px-2 py-1 text-xs text-on-primary shadow-pop"
        >
          {text}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
