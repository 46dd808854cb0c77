import type { DataClass, RetentionPlanClass } from '#server/web/index.ts';

/** How the pages name a data class (`short` on a phone), and its colour in drawings. */
export const classLook: Record<DataClass, { label: string; short: string; colour: string }> = {
  interaction_history: { label: 'Interaction history', short: 'Interactions', colour: 'var(--busy-solid)' },
  decision_traces: { label: 'Decision traces', short: 'Traces', colour: 'var(--held-solid)' },
  ai_attachments: { label: 'AI attachments', short: 'Attachments', colour: 'var(--warn-solid)' },
};

export const CLASSES = Object.keys(classLook) as DataClass[];

/** `30 days`, `1 day`; what 0 and nothing mean is for the caller to say. */
export const dayWords = (days: number): string => `${days} ${days === 1 ? 'day' : 'days'}`;

/** What a purge did with a class, in the words of its receipt. */
export function planWords(plan: RetentionPlanClass | undefined): string {
  if (plan === undefined) return 'left alone';
  if (plan.days === null) return plan.isHeld ? 'on hold' : 'no limit';
  return dayWords(plan.days);
}
