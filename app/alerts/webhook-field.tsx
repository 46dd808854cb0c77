import { useState } from 'react';
import type { AlertChannel } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';

type Webhook = Extract<AlertChannel, { kind: 'webhook' }>;

/** The address of a webhook. A stored one is a secret: its origin is shown, and it is kept, replaced or taken away. */
export function WebhookField({ stored }: { stored: Webhook | null }) {
  const [isAsked, setAsked] = useState(stored === null);
  if (stored === null || isAsked)
    return (
      <Field
        label="Webhook"
        name="webhook"
        type="url"
        placeholder="https://…"
        autoComplete="off"
        spellCheck={false}
        // Replacing begins with a press of the button that this stands in the place of.
        autoFocus={stored !== null}
        hint={
          stored === null
            ? 'Kept as a secret: only its host is shown again.'
            : `${stored.url} is replaced by it. Left empty: no webhook is told any more.`
        }
      />
    );
  return (
    <div>
      <p className="mb-1 font-medium">Webhook</p>
      <input type="hidden" name="keptWebhook" value={JSON.stringify(stored)} />
      <div className="flex items-center gap-2">
        <code className="min-w-0 flex-1 break-all text-xs">{stored.url}</code>
        <Button size="sm" aria-label="Replace the webhook" onClick={() => setAsked(true)}>
          Replace
        </Button>
      </div>
      <p className="mt-1 text-faint text-xs">The rest of the address is stored as a secret and shown to nobody.</p>
    </div>
  );
}
