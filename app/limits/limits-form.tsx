import { Form, useNavigation } from '@remix-run/react';
import type { Limits } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { LIMIT_NAMES, LIMIT_WORDS, shareOf } from './words.ts';

/** Drawn anew when the limits have changed, so that it never shows what is no longer so. */
export function LimitsForm({ limits }: { limits: Limits }) {
  const { state, formData } = useNavigation();
  return (
    <Form
      method="post"
      key={`${limits.updatedAt} ${LIMIT_NAMES.map((name) => shareOf(limits, name).limit).join(' ')}`}
      className="space-y-3"
      preventScrollReset
    >
      <input type="hidden" name="intent" value="put" />
      <input type="hidden" name="updatedAt" value={limits.updatedAt ?? ''} />
      {LIMIT_NAMES.map((name) => (
        <Field
          key={name}
          label={LIMIT_WORDS[name].label}
          name={name}
          type="number"
          min={LIMIT_WORDS[name].least}
          max={LIMIT_WORDS[name].most}
          step={1}
          inputMode="numeric"
          defaultValue={shareOf(limits, name).limit}
        />
      ))}
      <p className="text-faint text-xs">
        An empty field gives the installation’s default back. What is above a lower limit already stays; nothing further
        is made.
      </p>
      <Button type="submit" look="primary" busy={state !== 'idle' && formData?.get('intent') === 'put'}>
        Set limits
      </Button>
    </Form>
  );
}
