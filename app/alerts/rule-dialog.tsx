import { BellPlus, Pencil } from 'lucide-react';
import { useState } from 'react';
import type { AlertMetricItem, AlertRule } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { Field } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { ChannelFields } from './channel-fields.tsx';
import { metricWords } from './words.ts';

/** Creates a rule, or changes the one that is given. */
export const EditRule = ({ rule, metrics }: { rule: AlertRule | null; metrics: AlertMetricItem[] }) => (
  <FormDialog
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
    action="/ops/alerts"
    hidden={{ intent: 'save', id: rule?.id ?? '' }}
    submit={rule === null ? 'Create rule' : 'Save rule'}
    isLong
  >
    <Field label="Name" name="name" required maxLength={200} defaultValue={rule?.name} />
    <Condition rule={rule} metrics={metrics} />
    <ChannelFields channels={rule?.channels ?? null} />
    <CheckField label="Evaluate it" name="enabled" defaultChecked={rule?.enabled ?? true} />
  </FormDialog>
);

const OPERATORS = [
  { value: '>', label: 'above (>)' },
  { value: '>=', label: 'at least (≥)' },
  { value: '<', label: 'below (<)' },
  { value: '<=', label: 'at most (≤)' },
];

function Condition({ rule, metrics }: { rule: AlertRule | null; metrics: AlertMetricItem[] }) {
  const [metric, setMetric] = useState(rule?.metric ?? metrics[0]?.name ?? '');
  const chosen = metrics.find(({ name }) => name === metric);
  const minutes = { type: 'number', max: 10_080, required: true };
  return (
    <>
      <SelectField
        label="Figure"
        name="metric"
        value={metric}
        onChoose={(name) => setMetric(name as AlertRule['metric'])}
        options={metrics.map(({ name }) => ({ value: name, label: metricWords(name) }))}
        hint={chosen && `${chosen.says}.`}
      />
      <div className="grid grid-cols-2 items-end gap-3">
        <SelectField
          label="Fires when it is"
          name="operator"
          defaultValue={rule?.operator ?? '>'}
          options={OPERATORS}
        />
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
          {...minutes}
          min={1}
          defaultValue={rule?.windowMinutes ?? 5}
        />
        <Field
          label="Cool-down, minutes"
          name="cooldownMinutes"
          {...minutes}
          min={0}
          defaultValue={rule?.cooldownMinutes ?? 60}
        />
      </div>
    </>
  );
}
