import { useFetcher } from '@remix-run/react';
import type { ModelVersionDetail } from '#server/web/index.ts';
import type { ActionResult } from '../page-error.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { Field } from '../ui/field.tsx';
import { SelectField } from '../ui/select-field.tsx';

/** Asks the live version about one row. */
export function ScoreCard({ modelId, version }: { modelId: string; version: ModelVersionDetail }) {
  const { Form, state, data } = useFetcher<ActionResult>();
  return (
    <Card title="Try a row">
      <Form method="post" action={`/data/models/${modelId}`}>
        <input type="hidden" name="intent" value="score" />
        <div className="grid grid-cols-[repeat(auto-fill,minmax(10rem,1fr))] gap-3">
          {version.parameters?.terms.map((term) =>
            term.kind === 'number' ? (
              <Field
                key={term.feature}
                label={term.feature}
                name={`number:${term.feature}`}
                inputMode="decimal"
                placeholder={term.center.toPrecision(3)}
              />
            ) : (
              <SelectField
                key={term.feature}
                label={term.feature}
                name={`${term.kind}:${term.feature}`}
                options={[
                  { value: '', label: 'not known' },
                  ...term.values.filter(({ value }) => value !== '').map(({ value }) => ({ value, label: value })),
                ]}
              />
            ),
          )}
        </div>
        <div className="mt-3 flex flex-wrap items-center gap-3">
          <Button type="submit" busy={state !== 'idle'}>
            Score
          </Button>
          <p aria-live="polite" className={data?.ok === false ? 'text-bad' : ''}>
            {data === undefined ? (
              <span className="text-faint text-xs">What is left empty is missing.</span>
            ) : data.ok ? (
              <>
                <span className="font-semibold">{data.title}</span>{' '}
                <span className="text-muted text-xs">{data.detail}</span>
              </>
            ) : (
              data.error.message
            )}
          </p>
        </div>
      </Form>
    </Card>
  );
}
