import { BellPlus, Pencil } from 'lucide-react';
import { useId, useState } from 'react';
import type { AlertMetricItem, AlertRule } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field, fieldStyle } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';
import { ChannelFields } from './channel-fields.tsx';
import { metricWords } from './words.ts';

/** Creates a rule, or changes the one that is given. */
export function EditRule({ rule, metrics }: { rule: AlertRule | null; metrics: AlertMetricItem[] }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={rule === null ? 'New alert rule' : `Change ${rule.name}`}
      description="It is evaluated once a minute. A change of what it watches starts it over."
      trigger={
        rule === null ? (
          <Button look="primary">
            <BellPlus aria-hidden /> New rule
          </Button>
        ) : (
          <Button size="sm" aria-label={`Change ${rule.name}`}>
            <Pencil aria-hidden /> Change
          </Button>
        )
      }
    >
      <Form method="post" action="/ops/alerts" className="max-h-[58vh] space-y-3 overflow-y-auto pr-1">
        <input type="hidden" name="intent" value="save" />
        <input type="hidden" name="id" value={rule?.id ?? ''} />
        <Field label="Name" name="name" required maxLength={200} defaultValue={rule?.name} />
        <Condition rule={rule} metrics={metrics} />
        <ChannelFields channels={rule?.channels ?? null} />
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            name="enabled"
            defaultChecked={rule?.enabled ?? true}
            className="size-4 accent-accent"
          />
          Evaluate it
        </label>
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            {rule === null ? 'Create rule' : 'Save rule'}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function Condition({ rule, metrics }: { rule: AlertRule | null; metrics: AlertMetricItem[] }) {
  const [metric, setMetric] = useState(rule?.metric ?? metrics[0]?.name ?? '');
  const chosen = metrics.find(({ name }) => name === metric);
  const id = useId();
  return (
    <>
      <div>
        <label htmlFor={`${id}-metric`} className="mb-1 block font-medium">
          Figure
        </label>
        <select
          id={`${id}-metric`}
          name="metric"
          value={metric}
          onChange={(event) => setMetric(event.currentTarget.value)}
          className={cn(fieldStyle, 'h-8')}
          aria-describedby={`${id}-says`}
        >
          {metrics.map(({ name }) => (
            <option key={name} value={name}>
              {metricWords(name)}
            </option>
          ))}
        </select>
        <p id={`${id}-says`} className="mt-1 text-faint text-xs">
          {chosen?.says}.
        </p>
      </div>
      <div className="grid grid-cols-2 gap-3">
        <div>
          <label htmlFor={`${id}-operator`} className="mb-1 block font-medium">
            Fires when it is
          </label>
          <select
            id={`${id}-operator`}
            name="operator"
            defaultValue={rule?.operator ?? '>'}
            className={cn(fieldStyle, 'h-8')}
          >
            <option value=">">above (&gt;)</option>
            <option value=">=">at least (≥)</option>
            <option value="<">below (&lt;)</option>
            <option value="<=">at most (≤)</option>
          </select>
        </div>
        <Field
          label={`Threshold${chosen ? `, ${chosen.unit}` : ''}`}
          name="threshold"
          type="number"
          step="any"
          required
          defaultValue={rule?.threshold}
        />
        <Field
          label={chosen?.isWindowed ? 'Counted over, minutes' : 'For at least, minutes'}
          name="windowMinutes"
          type="number"
          min={1}
          max={10_080}
          required
          defaultValue={rule?.windowMinutes ?? 5}
        />
        <Field
          label="Cool-down, minutes"
          name="cooldownMinutes"
          type="number"
          min={0}
          max={10_080}
          required
          defaultValue={rule?.cooldownMinutes ?? 60}
        />
      </div>
    </>
  );
}

/** Stands outside the rows, because the row of a deleted rule is gone before its outcome could be told. */
export function DeleteRule({ rule, onClose }: { rule: AlertRule | null; onClose: () => void }) {
  const { Form, busy } = useAction(onClose);
  return (
    <Dialog
      open={rule !== null}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={`Delete ${rule?.name ?? 'the rule'}?`}
      description="Nobody will be told of this any more. What it said stays in the history."
    >
      <Form method="post" action="/ops/alerts">
        <input type="hidden" name="intent" value="delete" />
        <input type="hidden" name="id" value={rule?.id ?? ''} />
        <DialogButtons>
          <Button type="submit" look="danger" busy={busy}>
            Delete rule
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}
