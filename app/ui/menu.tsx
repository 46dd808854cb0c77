import { Check } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** A menu under a button. */
export function Menu({
  trigger,
  children,
  align = 'start',
  onOpen,
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: 'start' | 'end';
  onOpen?: () => void;
}) {
  return (
    <Radix.Root modal={false} onOpenChange={(isOpen) => isOpen && onOpen?.()}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className="z-50 max-h-[min(24rem,70vh)] min-w-48 animate-pop overflow-y-auto rounded-lg border border-line bg-surface p-1 shadow-pop"
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

const itemStyle =
  'flex w-full cursor-default select-none items-center gap-2 rounded px-2 py-1.5 text-left outline-none data-highlighted:bg-hover [&_svg]:size-3.5';

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="px-2 py-1.5 text-faint text-xs">{children}</Radix.Label>
);
export const MenuLine = () => <Radix.Separator className="my-1 h-px bg-line" />;

export function MenuItem({ onSelect, children }: { onSelect: () => void; children: ReactNode }) {
  return (
    <Radix.Item onSelect={onSelect} className={itemStyle}>
      {children}
    </Radix.Item>
  );
}

interface MenuChoiceProps {
  value: string;
  onChange: (value: string) => void;
  options: { value: string; label: string; hint?: string; icon?: ReactNode }[];
}

/** One of several, with a tick at the one that holds. */
export function MenuChoice({ value, onChange, options }: MenuChoiceProps) {
  return (
    <Radix.RadioGroup value={value} onValueChange={onChange}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={itemStyle}>
          {option.icon}
          <span className="flex-1">{option.label}</span>
          {option.hint !== undefined && <span className="text-faint text-xs">{option.hint}</span>}
          <Radix.ItemIndicator>
            <Check aria-hidden />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}
