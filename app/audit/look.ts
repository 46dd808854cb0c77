import { Check, ShieldX } from 'lucide-react';
import type { AuditLogItem } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

export const outcomeLook: Record<AuditLogItem['outcome'], Look> = {
  done: { label: 'Done', tone: 'idle', icon: Check },
  refused: { label: 'Refused', tone: 'warn', icon: ShieldX },
};

/** `FORBIDDEN, 17 times` of a refusal; '' when nothing is to be said. */
export function noteOf({ outcome, details }: Pick<AuditLogItem, 'outcome' | 'details'>): string {
  if (outcome !== 'refused') return '';
  const count = typeof details.count === 'number' && details.count > 1 ? `${details.count} times` : '';
  return [typeof details.code === 'string' ? details.code : '', count].filter(Boolean).join(', ');
}
