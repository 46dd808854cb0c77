import type { ScheduleSource } from '#server/web/index.ts';

/** The schedule as it was written, on one line: what one would search for in the document. */
export function sourceOf(schedule: ScheduleSource): string {
  if (schedule.kind === 'cron') return schedule.expression;
  if (schedule.kind === 'rrule') return schedule.rrule.replace(/\s*\n\s*/g, ' ');
  return schedule.phaseMinutes === 0 ? `${schedule.minutes}m` : `${schedule.minutes}m + ${schedule.phaseMinutes}m`;
}

interface ScheduleWordsProps {
  words: string | null;
  schedule: ScheduleSource | null;
  zone: string | null;
}

/** A schedule in words, and under it as written, with its kind and zone. */
export function ScheduleWords({ words, schedule, zone }: ScheduleWordsProps) {
  if (schedule === null) return <span className="text-faint">No schedule</span>;
  const source = sourceOf(schedule);
  // The words name the zone too; here it has a place of its own.
  const shown = (words ?? '').replace(` (${zone})`, '');
  return (
    <div className="min-w-0 max-w-72">
      <p className="leading-4.5 first-letter:uppercase">{shown}</p>
      <p className="flex flex-wrap items-baseline gap-x-1.5 text-faint text-xs leading-4.5">
        <span>{schedule.kind}</span>
        <code className="max-w-full truncate font-mono text-2xs" title={source}>
          {source.replace(/^DTSTART\S* RRULE:/, '')}
        </code>
        {zone !== null && schedule.kind !== 'interval' && <span>{zone}</span>}
      </p>
    </div>
  );
}
