import { CalendarPlus, Play } from 'lucide-react';
import { useState } from 'react';
import type { ReportSchedule, ReportTemplateItem } from '#server/web/index.ts';
import { ActionsCell, ActionsColumn, ChannelsCell, DeleteNamed } from '../alerts/row-parts.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { EditSchedule } from './schedule-dialog.tsx';

interface SchedulesCardProps {
  schedules: ReportSchedule[];
  templates: ReportTemplateItem[];
  canWrite: boolean;
}

export function SchedulesCard({ schedules, templates, canWrite }: SchedulesCardProps) {
  const [deleting, setDeleting] = useState<ReportSchedule | null>(null);
  return (
    <Card title="Schedules" flush>
      {schedules.length === 0 ? (
        <EmptyState icon={CalendarPlus} title="No report is made yet">
          A schedule sends a summary of the fleet, of how its schedules were kept, or of what was deleted by policy.
        </EmptyState>
      ) : (
        <Table label="Report schedules">
          <Head>
            <Column>Report</Column>
            <Column className="max-sm:hidden">When</Column>
            <Column>Next</Column>
            <Column className="max-sm:hidden">Sent to</Column>
            {canWrite && <ActionsColumn />}
          </Head>
          <tbody>
            {schedules.map((schedule) => (
              <ScheduleRow
                key={schedule.id}
                schedule={schedule}
                templates={templates}
                canWrite={canWrite}
                onDelete={() => setDeleting(schedule)}
              />
            ))}
          </tbody>
        </Table>
      )}
      {canWrite && (
        <DeleteNamed
          item={deleting}
          action="/ops/reports"
          description="It makes no more reports. Those it made stay."
          submit="Delete report schedule"
          onClose={() => setDeleting(null)}
        />
      )}
    </Card>
  );
}

interface ScheduleRowProps {
  schedule: ReportSchedule;
  templates: ReportTemplateItem[];
  canWrite: boolean;
  onDelete: () => void;
}

function ScheduleRow({ schedule, templates, canWrite, onDelete }: ScheduleRowProps) {
  return (
    <Row>
      <Cell>
        <p className="max-w-80 break-words font-medium">{schedule.name}</p>
        <p className="text-muted text-xs">{templates.find(({ name }) => name === schedule.template)?.title}</p>
        <p className="text-faint text-xs sm:hidden">
          <code>{schedule.cron}</code> {schedule.timezone}
        </p>
        {schedule.lastError !== null && <p className="max-w-96 break-words text-bad text-xs">{schedule.lastError}</p>}
      </Cell>
      <Cell className="text-xs max-sm:hidden">
        <code className="whitespace-nowrap">{schedule.cron}</code>
        <p className="text-faint">{schedule.timezone}</p>
      </Cell>
      <Cell className="text-xs">
        {schedule.nextAt === null ? (
          <span className="text-faint">{schedule.enabled ? 'never' : 'off'}</span>
        ) : (
          <Time at={schedule.nextAt} zone={schedule.timezone} />
        )}
      </Cell>
      <ChannelsCell channels={schedule.channels} />
      {canWrite && (
        <ActionsCell
          item={schedule}
          action="/ops/reports"
          deed={{
            intent: 'run',
            name: `Run ${schedule.name} now`,
            label: (
              <>
                <Play aria-hidden /> Run now
              </>
            ),
          }}
          onDelete={onDelete}
        >
          <EditSchedule schedule={schedule} templates={templates} />
        </ActionsCell>
      )}
    </Row>
  );
}
