import { CalendarClock, Hand, PencilLine } from 'lucide-react';
import type { PipelineListItem } from '#server/web/index.ts';
import { PausedPill, Pill } from '../ui/status-pill.tsx';

/** Whether a pipeline fires by itself, is held, waits for a hand, or was never published. */
export function PipelineState({ item }: { item: Pick<PipelineListItem, 'paused' | 'liveVersion' | 'schedule'> }) {
  if (item.liveVersion === null) return <Pill label="Draft" tone="idle" icon={PencilLine} />;
  if (item.paused !== null) return <PausedPill />;
  if (item.schedule === null) return <Pill label="Manual" tone="idle" icon={Hand} />;
  return <Pill label="Scheduled" tone="ok" icon={CalendarClock} />;
}
