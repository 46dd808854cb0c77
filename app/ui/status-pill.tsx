import {
  Ban,
  Check,
  CircleDashed,
  Clock,
  FastForward,
  Hourglass,
  Layers,
  LoaderCircle,
  type LucideIcon,
  Minus,
  Pause,
  TriangleAlert,
  X,
} from 'lucide-react';
import type { NodeStatus, RunStatus, Verdict } from '#server/web/index.ts';
import { cn } from './cn.ts';

export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'idle' | 'held';

export interface Look {
  label: string;
  tone: Tone;
  icon: LucideIcon;
}

/** A status that is added to the union and not here fails to compile. */
export const runLook: Record<RunStatus, Look> = {
  queued: { label: 'Queued', tone: 'idle', icon: Hourglass },
  running: { label: 'Running', tone: 'busy', icon: LoaderCircle },
  succeeded: { label: 'Succeeded', tone: 'ok', icon: Check },
  failed: { label: 'Failed', tone: 'bad', icon: X },
  cancelled: { label: 'Cancelled', tone: 'idle', icon: Ban },
  skipped: { label: 'Skipped', tone: 'idle', icon: Minus },
};

export const nodeLook: Record<NodeStatus, Look> = {
  ...runLook,
  pending: { label: 'Waiting', tone: 'idle', icon: CircleDashed },
};

export const verdictLook: Record<Verdict, Look> = {
  fired: { label: 'Fired', tone: 'ok', icon: Check },
  late: { label: 'Late', tone: 'warn', icon: Clock },
  pending: { label: 'Pending', tone: 'busy', icon: Hourglass },
  coalesced: { label: 'Coalesced', tone: 'idle', icon: Layers },
  skipped_overlap: { label: 'Skipped: overlap', tone: 'warn', icon: FastForward },
  skipped_paused: { label: 'Skipped: paused', tone: 'held', icon: Pause },
  skipped_blackout: { label: 'Skipped: blackout', tone: 'held', icon: Ban },
  missed_window: { label: 'Missed window', tone: 'bad', icon: TriangleAlert },
  capped: { label: 'Capped', tone: 'bad', icon: Minus },
};

export const toneSoft: Record<Tone, string> = {
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  busy: 'bg-busy-soft text-busy',
  idle: 'bg-idle-soft text-idle',
  held: 'bg-held-soft text-held',
};

export const toneSolid: Record<Tone, string> = {
  ok: 'var(--ok-solid)',
  warn: 'var(--warn-solid)',
  bad: 'var(--bad-solid)',
  busy: 'var(--busy-solid)',
  idle: 'var(--idle-solid)',
  held: 'var(--held-solid)',
};

/** Icon, word and colour together: nobody has to tell states apart by colour alone. */
export function Pill({ label, tone, icon: Icon, className }: Look & { className?: string }) {
  return (
    <span
      className={cn(
        'inline-flex h-5 items-center gap-1 whitespace-nowrap rounded px-1.5 font-medium text-2xs',
        toneSoft[tone],
        className,
      )}
    >
      <Icon aria-hidden className={cn('size-3', Icon === LoaderCircle && 'animate-spin')} strokeWidth={2.5} />
      {label}
    </span>
  );
}

export const RunPill = ({ status }: { status: RunStatus }) => <Pill {...runLook[status]} />;
export const NodePill = ({ status }: { status: NodeStatus }) => <Pill {...nodeLook[status]} />;
export const VerdictPill = ({ verdict }: { verdict: Verdict }) => <Pill {...verdictLook[verdict]} />;
export const PausedPill = () => <Pill label="Paused" tone="held" icon={Pause} />;
