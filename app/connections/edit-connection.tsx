import { Form, useNavigation } from '@remix-run/react';
import type { Connection } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { Field } from '../ui/field.tsx';
import { ConfigFields, SecretFields } from './field-set.tsx';
import { NAME_HINT, NAME_PATTERN } from './new-connection.tsx';

/** Its public part as it is, its secrets to be replaced. Drawn anew once it was saved, so that no secret stays typed. */
export function EditConnection({ connection }: { connection: Connection }) {
  const { name, kind, description, config, secretNames, updatedAt } = connection;
  const { state, formData } = useNavigation();
  return (
    <Card title="Change">
      <Form method="post" key={updatedAt} className="grid gap-x-6 gap-y-3 lg:grid-cols-2" preventScrollReset>
        <div className="min-w-0 space-y-3">
          <input type="hidden" name="intent" value="save" />
          <input type="hidden" name="updatedAt" value={updatedAt} />
          <Field
            label="Name"
            name="name"
            required
            pattern={NAME_PATTERN}
            maxLength={60}
            defaultValue={name}
            autoComplete="off"
            spellCheck={false}
            hint={NAME_HINT}
          />
          <Field label="Description" name="description" maxLength={500} defaultValue={description} autoComplete="off" />
          <ConfigFields kind={kind} config={config} />
        </div>
        <fieldset className="min-w-0 space-y-3">
          <legend className="mb-2 font-semibold">Secrets</legend>
          <SecretFields kind={kind} set={secretNames} />
          <p className="text-faint text-xs">
            What is left empty stays. Where the address changes, every secret is asked for again: a stored one goes only
            where it was given for.
          </p>
        </fieldset>
        <div className="lg:col-span-2">
          <Button type="submit" look="primary" busy={state !== 'idle' && formData?.get('intent') === 'save'}>
            Save connection
          </Button>
        </div>
      </Form>
    </Card>
  );
}
