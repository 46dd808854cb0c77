import { Form, Link, useNavigation } from '@remix-run/react';
import type { ConnectionKind } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Field } from '../ui/field.tsx';
import { ConfigFields, SecretFields } from './field-set.tsx';
import { KIND_FORMS, KINDS } from './kinds.ts';

export const NAME_PATTERN = '[a-z][a-z0-9\\-]{0,59}';
export const NAME_HINT = 'a-z, 0-9 and -, beginning with a letter. Documents call it so.';

/** First the kind, as an address, then its form: so it works before scripts load. */
export function NewConnection({ kind }: { kind: ConnectionKind | undefined }) {
  const { state, formData } = useNavigation();
  return (
    <>
      <nav aria-label="Kind of the new connection" className="flex flex-wrap gap-1.5">
        {KINDS.map((one) => (
          <Link
            key={one}
            to={`?new=${one}`}
            preventScrollReset
            aria-current={one === kind ? 'true' : undefined}
            className={cn(
              'rounded-md border px-2.5 py-1 text-xs leading-5 max-sm:py-2',
              one === kind
                ? 'border-ink bg-idle-soft font-medium text-ink'
                : 'border-line-strong text-muted hover:bg-hover hover:text-ink',
            )}
          >
            {KIND_FORMS[one].label}
          </Link>
        ))}
      </nav>
      {kind === undefined ? (
        <p className="mt-3 text-muted">Choose what it leads to; the form for it follows.</p>
      ) : (
        // A form of another kind is another form: what was typed into one does not belong into the next.
        <Form method="post" key={kind} className="mt-3 space-y-3">
          <p className="text-muted">{KIND_FORMS[kind].says}</p>
          <input type="hidden" name="intent" value="create" />
          <input type="hidden" name="kind" value={kind} />
          <Field
            label="Name"
            name="name"
            required
            pattern={NAME_PATTERN}
            maxLength={60}
            autoComplete="off"
            spellCheck={false}
            hint={NAME_HINT}
          />
          <Field label="Description" name="description" maxLength={500} autoComplete="off" />
          <ConfigFields kind={kind} />
          <fieldset className="space-y-3 border-line border-t pt-3">
            <legend className="sr-only">Secrets</legend>
            <p className="text-muted text-xs">Sealed when it is saved; nobody can read it here again.</p>
            <SecretFields kind={kind} set={[]} />
          </fieldset>
          <Button type="submit" look="primary" busy={state !== 'idle' && formData?.get('intent') === 'create'}>
            Make connection
          </Button>
        </Form>
      )}
    </>
  );
}
