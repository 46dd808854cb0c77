import { CalendarClock, File, GitMerge, Hand, History, type LucideIcon, Repeat } from 'lucide-react';
import type { RunTrigger } from '#server/web/index.ts';

const looks: Record<RunTrigger, { label: string; icon: LucideIcon }> = {
  schedule: { label: 'Schedule', icon: CalendarClock },
  manual: { label: 'By hand', icon: Hand },
  backfill: { label: 'Backfill', icon: History },
  file: { label: 'File', icon: File },
  replay: { label: 'Replay', icon: Repeat },
  upstream: { label: 'Upstream', icon: GitMerge },
};

/** What started a run. */
export function TriggerLabel({ trigger }: { trigger: RunTrigger }) {
  const { label, icon: Icon } = looks[trigger];
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap text-muted">
      <Icon aria-hidden className="size-3.5 text-faint" />
      {label}
    </span>
  );
}
