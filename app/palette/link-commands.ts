// Commands of the palette that lead to a form. What must be confirmed is confirmed there, with its numbers in view.
import { Gauge, type LucideIcon, OctagonX, Play, Plug, RotateCw } from 'lucide-react';
import type { PageSession, StopState } from '#server/web/index.ts';

export interface LinkCommand {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Other words under which one may look for it. */
  words: string[];
}

type Offer = LinkCommand & { isOffered: boolean };

/** Those that this person may give now: work that is stopped is resumed, and not stopped again. */
export function linkCommandsFor({ role, user, tenant }: PageSession, stop: StopState): LinkCommand[] {
  const [canOperate, isOperatorOfAll] = [role !== 'viewer', user.isInstanceOperator === true];
  const stopWords = ['Emergency stop', 'Halt'];
  const resumeWords = ['Resume all work', 'Emergency stop'];
  const offers: Offer[] = [
    {
      ...{ to: '/ops/fleet?stop=tenant', label: `Stop all work of ${tenant.name}…`, icon: OctagonX, words: stopWords },
      isOffered: canOperate && stop.tenant === null,
    },
    {
      ...{ to: '/ops/fleet', label: `Let ${tenant.name} work again…`, icon: Play, words: resumeWords },
      isOffered: canOperate && stop.tenant !== null,
    },
    {
      ...{ to: '/ops/fleet?stop=instance', label: 'Stop all work of this installation…', icon: OctagonX },
      ...{ words: stopWords, isOffered: isOperatorOfAll && stop.instance === null },
    },
    {
      ...{ to: '/ops/fleet', label: 'Let this installation work again…', icon: Play, words: resumeWords },
      isOffered: isOperatorOfAll && stop.instance !== null,
    },
    {
      ...{ to: '/settings/connections?new=webhook', label: 'New connection…', icon: Plug },
      ...{ words: ['Create a connection', 'Webhook', 'Secret'], isOffered: role === 'admin' },
    },
    {
      ...{ to: '/settings/limits', label: 'Change limits…', icon: Gauge, words: ['Quota', 'Rate limit'] },
      isOffered: isOperatorOfAll,
    },
    {
      ...{ to: '/settings/connections', label: 'Rotate the sealing key…', icon: RotateCw },
      ...{ words: ['Secrets', 'Encryption key'], isOffered: isOperatorOfAll && canOperate },
    },
  ];
  return offers.filter(({ isOffered }) => isOffered).map(({ isOffered: _, ...command }) => command);
}
