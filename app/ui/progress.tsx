import { Progress as Radix } from 'radix-ui';

/** How far something is; `total` null when nobody can know. */
export function ProgressBar({ done, total, label }: { done: number; total: number | null; label: string }) {
  const percent = total === null || total === 0 ? null : Math.min(100, Math.round((100 * done) / total));
  return (
    <Radix.Root value={percent} aria-label={label} className="h-1.5 overflow-hidden rounded-full bg-idle-soft">
      <Radix.Indicator
        className={
          percent === null ? 'h-full w-1/3 animate-breathe bg-busy-solid' : 'h-full bg-busy-solid transition-[width]'
        }
        style={percent === null ? undefined : { width: `${percent}%` }}
      />
    </Radix.Root>
  );
}

/** A share of a whole as a thin bar beside a number; the number is what is read out. */
export function ShareBar({ share, tone = 'var(--busy-solid)' }: { share: number; tone?: string }) {
  return (
    <svg aria-hidden viewBox="0 0 100 4" preserveAspectRatio="none" className="h-1 w-full rounded-full bg-idle-soft">
      <rect width={Math.max(share > 0 ? 1.5 : 0, share * 100)} height="4" style={{ fill: tone }} />
    </svg>
  );
}
