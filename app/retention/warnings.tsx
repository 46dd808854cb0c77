import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { RetentionOverview, RetentionPolicy } from '#server/web/index.ts';
import { classLook, dayWords } from './words.ts';

const earlyWords = ({ dataClass, effectiveDays, retentionDays }: RetentionPolicy): string =>
  `${classLook[dataClass].label} goes after ${dayWords(effectiveDays ?? 0)}, ${
    retentionDays ? `not its own ${retentionDays}` : 'with no limit of its own'
  }`;

/** What an operator should know before anything is deleted, or while nothing is. */
export function Warnings({ overview }: { overview: RetentionOverview }) {
  const { policies, purge } = overview;
  const isAnythingDue = policies.some(({ effectiveDays }) => effectiveDays !== null);
  const early = policies.filter((policy) => policy.isDeletedEarly);
  const warnings: { key: string; text: ReactNode }[] = [];
  if (early.length > 0)
    warnings.push({
      key: 'early',
      text: (
        <>
          <strong>Strictest deletes early.</strong> The smallest days of any class apply to all:{' '}
          {early.map(earlyWords).join('; ')}.
        </>
      ),
    });
  if (purge.schedule === null && purge.calledAt === null && isAnythingDue)
    warnings.unshift({
      key: 'schedule',
      text: (
        <>
          <strong>No purge is scheduled.</strong> No worker here fires the job <code>dsarPurge</code>, and nothing
          outside has called it lately: nothing is deleted until one of them does.
        </>
      ),
    });
  if (warnings.length === 0) return null;
  return (
    <ul aria-label="Warnings" className="mb-4 space-y-2">
      {warnings.map(({ key, text }) => (
        <li
          key={key}
          className="flex items-start gap-2 rounded-lg border border-warn-solid/50 bg-warn-soft px-3.5 py-2 text-warn text-xs"
        >
          <TriangleAlert aria-hidden className="mt-0.5 size-3.5 shrink-0" />
          <p>{text}</p>
        </li>
      ))}
    </ul>
  );
}
