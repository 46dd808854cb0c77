import { CalendarPlus, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ReportSchedule, ReportTemplateItem } from '#server/web/index.ts';
import { channelWords } from '../alerts/words.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { useAction } from '../ui/use-action.tsx';
import { DeleteSchedule, EditSchedule } from './schedule-dialog.tsx';

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
            {canWrite && (
              <Column align="right">
                <span className="sr-only">Actions</span>
              </Column>
            )}
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
      {canWrite && <DeleteSchedule schedule={deleting} onClose={() => setDeleting(null)} />}
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
  const { Form, busy } = useAction(() => {});
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
      <Cell className="max-w-60 break-words text-xs max-sm:hidden">
        {schedule.channels.map((channel) => (
          <p key={channelWords(channel)} className="truncate" title={channelWords(channel)}>
            {channelWords(channel)}
          </p>
        ))}
      </Cell>
      {canWrite && (
        <Cell align="right">
          <div className="flex justify-end gap-1.5 max-sm:flex-col max-sm:items-end">
            <Form method="post" action="/ops/reports">
              <input type="hidden" name="intent" value="run" />
              <input type="hidden" name="id" value={schedule.id} />
              <Button type="submit" size="sm" busy={busy} aria-label={`Run ${schedule.name} now`}>
                <Play aria-hidden /> Run now
              </Button>
            </Form>
            <EditSchedule schedule={schedule} templates={templates} />
            <Button size="icon-sm" look="quiet" aria-label={`Delete ${schedule.name}`} onClick={onDelete}>
              <Trash2 aria-hidden />
            </Button>
          </div>
        </Cell>
      )}
    </Row>
  );
}
