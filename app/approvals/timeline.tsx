import { CircleCheck, CircleDashed, type LucideIcon, Send } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ChangeRequestDetail } from '#server/web/index.ts';
import { Actor } from '../ui/actor.tsx';
import { cn } from '../ui/cn.ts';
import { Time } from '../ui/time.tsx';
import { requestLook, roleWords } from './words.ts';

/** What happened, stage by stage, and what is still to come. */
export function Timeline({ request }: { request: ChangeRequestDetail }) {
  const end = request.state === 'open' ? null : requestLook[request.state];
  return (
    <ol className="space-y-4">
      <Step icon={Send} tone="text-muted">
        <p>
          <Actor name={request.requestedBy} className="font-medium" /> asked for it
        </p>
        <Time at={request.requestedAt} show="exact" className="text-faint text-xs" />
      </Step>
      {request.stages.map((stage, at) => (
        <StageStep key={stage.name} stage={stage} isCurrent={request.stage === at} isOpen={request.state === 'open'} />
      ))}
      {end !== null && (
        <Step icon={end.icon} tone={request.state === 'applied' ? 'text-ok' : 'text-muted'}>
          <p className="font-medium">
            {end.label}
            {request.closedBy !== null && (
              <span className="font-normal">
                {' '}
                by <Actor name={request.closedBy} />
              </span>
            )}
          </p>
          {request.closeReason && <p className="break-words">{request.closeReason}</p>}
          {request.closedAt !== null && <Time at={request.closedAt} show="exact" className="text-faint text-xs" />}
        </Step>
      )}
    </ol>
  );
}

function Step({ icon: Icon, tone, children }: { icon: LucideIcon; tone: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <Icon aria-hidden className={cn('mt-0.5 size-4 shrink-0', tone)} />
      <div className="min-w-0 flex-1">{children}</div>
    </li>
  );
}

interface StageStepProps {
  stage: ChangeRequestDetail['stages'][number];
  isCurrent: boolean;
  isOpen: boolean;
}

function StageStep({ stage: { name, approvers, approved, roles, votes }, isCurrent, isOpen }: StageStepProps) {
  const isDone = approved >= approvers;
  return (
    <Step icon={isDone ? CircleCheck : CircleDashed} tone={isDone ? 'text-ok' : isCurrent ? 'text-warn' : 'text-faint'}>
      <p className="font-medium">
        {name}
        <span className="tabular ml-2 font-normal text-muted">
          {approved} of {approvers}
          {isOpen && (isCurrent ? ', to decide now' : isDone ? '' : ', later')}
        </span>
      </p>
      <p className="text-faint text-xs">{roleWords(roles)}</p>
      <ul className="mt-1 space-y-1">
        {votes.map(({ voter, comment, votedAt, counts }) => (
          <li key={voter} className="break-words">
            <span className={counts ? '' : 'text-faint line-through'}>{voter}</span> approved{' '}
            <Time at={votedAt} className="text-faint" />
            {!counts && <span className="text-warn text-xs"> does not count: no longer of this role, or gone</span>}
            {comment !== '' && <q className="block text-muted">{comment}</q>}
          </li>
        ))}
      </ul>
    </Step>
  );
}
