import { cva, type VariantProps } from 'class-variance-authority';
import { LoaderCircle } from 'lucide-react';
import { Slot } from 'radix-ui';
import { type ButtonHTMLAttributes, forwardRef } from 'react';
import { cn } from './cn.ts';

export const buttonStyle = cva(
  'inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md font-medium transition-colors disabled:pointer-events-none disabled:opacity-55 aria-disabled:pointer-events-none aria-disabled:opacity-55 [&_svg]:size-3.5 [&_svg]:shrink-0',
  {
    variants: {
      look: {
        primary: 'bg-primary text-on-primary hover:bg-primary-hover',
        plain: 'border border-line-strong bg-surface text-ink shadow-card hover:bg-hover',
        quiet: 'text-muted hover:bg-hover hover:text-ink',
        danger: 'bg-danger-solid text-white hover:brightness-90',
      },
      size: { md: 'h-8 px-3 text-sm', sm: 'h-7 px-2 text-xs', icon: 'size-8', 'icon-sm': 'size-6 rounded' },
    },
    defaultVariants: { look: 'plain', size: 'md' },
  },
);

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, VariantProps<typeof buttonStyle> {
  /** Gives its look to the one child, for a link that looks like a button. */
  asChild?: boolean;
  /** Work is under way: the button says so and cannot be pressed again. */
  busy?: boolean;
}

/** The one button. An icon-only button needs an aria-label. */
export const Button = forwardRef<HTMLButtonElement, ButtonProps>(function Button(
  { className, look, size, asChild, busy = false, type = 'button', disabled, children, ...rest },
  ref,
) {
  const style = cn(buttonStyle({ look, size }), className);
  if (asChild) {
    return (
      <Slot.Root className={style} {...rest}>
        {children}
      </Slot.Root>
    );
  }
  return (
    <button ref={ref} type={type} className={style} disabled={disabled || busy} aria-busy={busy || undefined} {...rest}>
      {busy && <LoaderCircle aria-hidden className="animate-spin" />}
      {children}
    </button>
  );
});
