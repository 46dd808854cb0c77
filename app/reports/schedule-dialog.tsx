import { CalendarPlus, Pencil } from 'lucide-react';
import { useId, useState } from 'react';
import type { ReportSchedule, ReportTemplateItem } from '#server/web/index.ts';
import { ChannelFields } from '../alerts/channel-fields.tsx';
import { useZone } from '../time/clock.tsx';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';

/** Creates a report schedule, or changes the one that is given. */
export function EditSchedule({
  schedule,
  templates,
}: {
  schedule: ReportSchedule | null;
  templates: ReportTemplateItem[];
}) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const zone = useZone();
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={schedule === null ? 'New report schedule' : `Change ${schedule.name}`}
      description="Each report begins where the last one ended; what an outage missed is in the next one."
      trigger={
        schedule === null ? (
          <Button look="primary">
            <CalendarPlus aria-hidden /> New report
          </Button>
        ) : (
          <Button size="sm" aria-label={`Change ${schedule.name}`}>
            <Pencil aria-hidden /> Change
          </Button>
        )
      }
    >
      <Form method="post" action="/ops/reports" className="max-h-[58vh] space-y-3 overflow-y-auto pr-1">
        <input type="hidden" name="intent" value="save" />
        <input type="hidden" name="id" value={schedule?.id ?? ''} />
        <Field label="Name" name="name" required maxLength={200} defaultValue={schedule?.name} />
        <TemplateChoice chosen={schedule?.template ?? templates[0]?.name ?? ''} templates={templates} />
        <div className="grid grid-cols-2 gap-3">
          <Field
            label="Cron"
            name="cron"
            required
            maxLength={200}
            defaultValue={schedule?.cron ?? '0 8 * * 1-5'}
            hint="Minute, hour, day, month, weekday."
          />
          <Field label="Time zone" name="timezone" required defaultValue={schedule?.timezone ?? zone} />
        </div>
        <ChannelFields channels={schedule?.channels ?? null} />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            name="enabled"
            defaultChecked={schedule?.enabled ?? true}
            className="size-4 accent-accent"
          />
          Make it on schedule
        </label>
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            {schedule === null ? 'Create report' : 'Save report'}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function TemplateChoice({ chosen, templates }: { chosen: string; templates: ReportTemplateItem[] }) {
  const [name, setName] = useState(chosen);
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block font-medium">
        Report
      </label>
      <select
        id={id}
        name="template"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        className={cn(fieldStyle, 'h-8')}
        aria-describedby={`${id}-says`}
      >
        {templates.map((template) => (
          <option key={template.name} value={template.name}>
            {template.title}
          </option>
        ))}
      </select>
      <p id={`${id}-says`} className="mt-1 text-faint text-xs">
        {templates.find((template) => template.name === name)?.says}.
      </p>
    </div>
  );
}

/** Stands outside the rows, because the row of a deleted schedule is gone before its outcome could be told. */
export function DeleteSchedule({ schedule, onClose }: { schedule: ReportSchedule | null; onClose: () => void }) {
  const { Form, busy } = useAction(onClose);
  return (
    <Dialog
      open={schedule !== null}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Delete ${schedule?.name ?? 'the report schedule'}?`}
      description="It makes no more reports. Those it made stay."
    >
      <Form method="post" action="/ops/reports">
        <input type="hidden" name="intent" value="delete" />
        <input type="hidden" name="id" value={schedule?.id ?? ''} />
        <DialogButtons>
          <Button type="submit" look="danger" busy={busy}>
            Delete report schedule
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
