import { BrainCircuit, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Model, ModelTable } from '#server/web/index.ts';
import { useZone } from '../time/clock.tsx';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { kindWords } from './words.ts';

/** Creates a model, or changes the one that is given. */
export const EditModel = ({ model, tables }: { model: Model | null; tables: ModelTable[] }) => (
  <FormDialog
    title={model === null ? 'New model' : `Change ${model.name}`}
    description="It learns from a table how likely the label's one value is."
    trigger={
      model === null ? (
        <Button look="primary">
          <BrainCircuit aria-hidden /> New model
        </Button>
      ) : (
        <Button>
          <Pencil aria-hidden /> Change
        </Button>
      )
    }
    action={model === null ? '/data/models' : `/data/models/${model.id}`}
    hidden={{ intent: 'save', revision: model?.revision ?? '' }}
    submit={model === null ? 'Create model' : 'Save model'}
    isLong
  >
    <Field label="Name" name="name" required maxLength={200} defaultValue={model?.name} />
    <SelectField label="Kind" name="kind" defaultValue={model?.kind ?? 'logistic'} options={KINDS} />
    <Columns model={model} tables={tables} />
    <Schedule model={model} />
  </FormDialog>
);

const KINDS = Object.entries(kindWords).map(([value, label]) => ({ value, label }));

function Columns({ model, tables }: { model: Model | null; tables: ModelTable[] }) {
  const [tableName, setTable] = useState(model?.sourceTable ?? tables[0]?.name ?? '');
  const columns = tables.find(({ name }) => name === tableName)?.columns ?? [];
  const labels = columns.filter(({ canBeLabel }) => canBeLabel);
  const first = labels.find(({ name }) => name === model?.label) ?? labels.find(({ type }) => type === 'boolean');
  const [chosenLabel, setLabel] = useState(first?.name ?? '');
  const label = labels.some(({ name }) => name === chosenLabel) ? chosenLabel : (labels[0]?.name ?? '');
  const names = tables.map(({ name }) => name);
  // A table that is gone stays what the model says until another is chosen.
  if (tableName !== '' && !names.includes(tableName)) names.unshift(tableName);
  return (
    <>
      <SelectField
        label="Table"
        name="sourceTable"
        value={tableName}
        options={names.map((name) => ({ value: name, label: name }))}
        onChoose={setTable}
      />
      <SelectField
        label="Label"
        name="label"
        value={label}
        options={labels.map(({ name, type }) => ({ value: name, label: `${name} (${type})` }))}
        onChoose={setLabel}
        hint="What is to be told: a column with two values."
      />
      <Field
        label="Value to tell the probability of"
        name="positive"
        maxLength={100}
        // Another label has other values.
        defaultValue={label === model?.label && tableName === model.sourceTable ? model.positive : ''}
        key={`${tableName}.${label}`}
        hint="Left empty: true, the greater number, or the last text."
      />
      <fieldset>
        <legend className="mb-1 font-medium">Learn from</legend>
        <div className="grid max-h-40 grid-cols-2 gap-x-3 gap-y-1 overflow-y-auto rounded-md border border-line p-2">
          {columns
            .filter(({ name, feature }) => feature !== null && name !== label)
            .map(({ name, feature }) => (
              <label key={`${tableName}.${name}`} className="flex min-w-0 items-center gap-2">
                <input
                  type="checkbox"
                  name="features"
                  value={name}
                  defaultChecked={tableName === model?.sourceTable && model.features.includes(name)}
                  className="size-4 shrink-0 accent-accent"
                />
                <span className="truncate" title={`${name}: ${feature}`}>
                  {name}
                </span>
              </label>
            ))}
        </div>
      </fieldset>
    </>
  );
}

function Schedule({ model }: { model: Model | null }) {
  const zone = useZone();
  return (
    <div className="grid grid-cols-2 gap-3">
      <Field
        label="Train again (cron)"
        name="cron"
        maxLength={200}
        defaultValue={model === null ? '0 2 * * *' : (model.schedule?.cron ?? '')}
        hint="Empty: by hand only. Due models are trained once a day."
      />
      <Field label="Time zone" name="timezone" required defaultValue={model?.schedule?.timezone ?? zone} />
    </div>
  );
}

export const DeleteModel = ({ model }: { model: Model }) => (
  <FormDialog
    title={`Delete ${model.name}?`}
    description="All its versions go with it, and nobody can score with it any more."
    trigger={
      <Button size="icon" look="quiet" aria-label="Delete the model">
        <Trash2 aria-hidden />
      </Button>
    }
    action={`/data/models/${model.id}`}
    hidden={{ intent: 'delete' }}
    submit="Delete model"
    look="danger"
  />
);
