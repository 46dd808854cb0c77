import { CalendarPlus, Pencil } from 'lucide-react';
import { useState } from 'react';
import type { ReportSchedule, ReportTemplateItem } from '#server/web/index.ts';
import { ChannelFields } from '../alerts/channel-fields.tsx';
import { useZone } from '../time/clock.tsx';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { Field } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';

interface EditScheduleProps {
  schedule: ReportSchedule | null;
  templates: ReportTemplateItem[];
}

/** Creates a report schedule, or changes the one that is given. */
export function EditSchedule({ schedule, templates }: EditScheduleProps) {
  const zone = useZone();
  return (
    <FormDialog
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
      action="/ops/reports"
      hidden={{ intent: 'save', id: schedule?.id ?? '' }}
      submit={schedule === null ? 'Create report' : 'Save report'}
      isLong
    >
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
      <CheckField label="Make it on schedule" name="enabled" defaultChecked={schedule?.enabled ?? true} />
    </FormDialog>
  );
}

function TemplateChoice({ chosen, templates }: { chosen: string; templates: ReportTemplateItem[] }) {
  const [name, setName] = useState(chosen);
  const template = templates.find((one) => one.name === name);
  return (
    <SelectField
      label="Report"
      name="template"
      value={name}
      onChoose={setName}
      options={templates.map((one) => ({ value: one.name, label: one.title }))}
      hint={template && `${template.says}.`}
    />
  );
}
