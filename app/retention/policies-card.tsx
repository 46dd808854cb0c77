import { Lock } from 'lucide-react';
import type { RetentionOverview, RetentionPolicy } from '#server/web/index.ts';
import { Actor } from '../ui/actor.tsx';
import { Card } from '../ui/card.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { ModeChoice } from './mode-choice.tsx';
import { EditPolicy } from './policy-dialog.tsx';
import { classLook, dayWords } from './words.ts';

/** For how long each class is kept, by whom that was set, and what the mode makes of it. */
export function PoliciesCard({ overview, canManage }: { overview: RetentionOverview; canManage: boolean }) {
  const { policies, mode, purge } = overview;
  return (
    <Card title="Policies" flush>
      <ModeChoice mode={mode} canManage={canManage} />
      <Table label="Retention policies">
        <Head>
          <Column>Data class</Column>
          <Column align="right">Own days</Column>
          <Column align="right">Kept for</Column>
          <Column className="max-sm:hidden">Set</Column>
          {canManage && (
            <Column>
              <span className="sr-only">Change</span>
            </Column>
          )}
        </Head>
        <tbody>
          {policies.map((policy) => (
            <PolicyRow key={policy.dataClass} policy={policy} canManage={canManage} />
          ))}
        </tbody>
      </Table>
      <p className="border-line border-t px-4 py-2 text-faint text-xs">
        <WhenPurged purge={purge} />
        {' · '}
        {purge.lastFinishedAt === null ? 'none has run yet' : <LastPurge at={purge.lastFinishedAt} />}
      </p>
    </Card>
  );
}

function WhenPurged({ purge }: { purge: RetentionOverview['purge'] }) {
  if (purge.schedule !== null) return <NextPurge purge={purge} />;
  if (purge.calledAt === null) return 'No purge is scheduled here';
  return (
    <>
      No schedule here; purge last called <Time at={purge.calledAt} />
    </>
  );
}

const NextPurge = ({ purge }: { purge: RetentionOverview['purge'] }) => (
  <>
    Purge at <code>{purge.schedule}</code> UTC{purge.nextAt !== null && <>, next </>}
    {purge.nextAt !== null && <Time at={purge.nextAt} />}
  </>
);
const LastPurge = ({ at }: { at: string }) => (
  <>
    last one finished <Time at={at} />
  </>
);

function PolicyRow({ policy, canManage }: { policy: RetentionPolicy; canManage: boolean }) {
  const { dataClass, retentionDays, effectiveDays, isHeld, isDeletedEarly, note, updatedBy, updatedAt } = policy;
  return (
    <Row>
      <Cell>
        <p className="flex flex-wrap items-center gap-1.5">
          <span className="font-medium">{classLook[dataClass].label}</span>
          {isHeld && <Pill label="On hold" tone="held" icon={Lock} />}
        </p>
        {dataClass === 'interaction_history' && <p className="text-faint text-xs">interactions and their outcomes</p>}
        {note !== '' && <p className="max-w-72 break-words text-faint text-xs">{note}</p>}
      </Cell>
      <Cell align="right" className="tabular whitespace-nowrap">
        {retentionDays === null ? <Dash why="No policy" /> : retentionDays === 0 ? 'no limit' : retentionDays}
      </Cell>
      <Cell align="right" className="tabular whitespace-nowrap">
        {isHeld ? 'held' : effectiveDays === null ? 'for ever' : <Kept days={effectiveDays} isEarly={isDeletedEarly} />}
      </Cell>
      <Cell className="text-xs max-sm:hidden">
        {updatedAt === null ? (
          <Dash why="Never set" />
        ) : (
          <>
            <Time at={updatedAt} />
            <p className="max-w-32 truncate text-faint">
              <Actor name={updatedBy ?? ''} />
            </p>
          </>
        )}
      </Cell>
      {canManage && (
        <Cell align="right">
          <EditPolicy policy={policy} />
        </Cell>
      )}
    </Row>
  );
}

const Kept = ({ days, isEarly }: { days: number; isEarly: boolean }) => (
  <span className={isEarly ? 'font-medium text-warn' : undefined}>
    {dayWords(days)}
    {isEarly && <span className="sr-only">, less than its own days</span>}
  </span>
);
