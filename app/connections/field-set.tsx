import type { ConnectionKind } from '#server/web/index.ts';
import { Field, TextField } from '../ui/field.tsx';
import { SelectField } from '../ui/select-field.tsx';
import { KIND_FORMS, type KindField, shownLines } from './kinds.ts';

/** The public part: `config` is what is stored, absent for a new connection. */
export function ConfigFields({ kind, config }: { kind: ConnectionKind; config?: Record<string, unknown> }) {
  return KIND_FORMS[kind].config.map((field) => (
    <ConfigField key={field.name} field={field} stored={config} value={config?.[field.name]} />
  ));
}

interface ConfigFieldProps {
  field: KindField;
  stored: Record<string, unknown> | undefined;
  value: unknown;
}

function ConfigField({ field, stored, value }: ConfigFieldProps) {
  const { label, type, hint, placeholder, initial, isRequired = false, options } = field;
  const name = `config.${field.name}`;
  // What was left empty once is empty still: an initial value is for what is new.
  const shown = stored === undefined ? initial : value === undefined ? '' : String(value);
  const common = { label: isRequired ? label : `${label}`, name, hint, required: isRequired };
  if (type === 'check')
    return (
      <label className="flex items-center gap-2">
        <input
          type="checkbox"
          name={name}
          value="1"
          defaultChecked={stored === undefined ? initial === '1' : value === true}
          className="size-4 shrink-0 accent-primary"
        />
        {label}
      </label>
    );
  if (type === 'choice') return <SelectField {...common} options={options ?? []} defaultValue={shown} />;
  if (type === 'lines')
    return (
      <TextField
        {...common}
        placeholder={placeholder}
        defaultValue={shownLines(field.name, value)}
        spellCheck={false}
        className="[&_textarea]:font-mono"
      />
    );
  return (
    <Field
      {...common}
      type={type}
      placeholder={placeholder}
      defaultValue={shown}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

/** The sealed part: nothing of it comes back. `set` names what is stored; empty for a new connection. */
export function SecretFields({ kind, set }: { kind: ConnectionKind; set: readonly string[] }) {
  return KIND_FORMS[kind].secrets.map(({ name, label, isRequired = false, hint, placeholder }) => {
    const isSet = set.includes(name);
    return (
      <div key={name}>
        <Field
          label={label}
          name={`secrets.${name}`}
          type="password"
          required={isRequired && !isSet}
          placeholder={isSet ? 'set; empty keeps it' : placeholder}
          hint={hint}
          maxLength={4_000}
          autoComplete="new-password"
        />
        {isSet && !isRequired && (
          <label className="mt-1 flex items-center gap-2 text-muted text-xs">
            <input type="checkbox" name={`drop.${name}`} value="1" className="size-3.5 shrink-0 accent-primary" />
            Remove it
          </label>
        )}
      </div>
    );
  });
}
