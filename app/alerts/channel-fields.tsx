import type { AlertChannel } from '#server/web/index.ts';
import { Field } from '../ui/field.tsx';
import { WebhookField } from './webhook-field.tsx';
import { channelWords } from './words.ts';

/** Whom something tells; `channels` null: the log alone, to begin with. Read back by channelsOf. */
export function ChannelFields({ channels }: { channels: AlertChannel[] | null }) {
  const webhook = channels?.find((channel) => channel.kind === 'webhook');
  const email = channels?.find((channel) => channel.kind === 'email');
  const more = channels?.filter((channel) => channel.kind !== 'log' && channel !== webhook && channel !== email) ?? [];
  const hasLog = channels === null || channels.some((channel) => channel.kind === 'log');
  return (
    <fieldset className="space-y-3">
      <legend className="sr-only">Whom it tells</legend>
      <WebhookField stored={webhook ?? null} />
      <Field
        label="E-mail"
        name="email"
        defaultValue={email?.to.join(', ')}
        hint="Addresses, separated by commas. Needs SMTP_URL on the worker."
      />
      <label className="flex items-center gap-2">
        <input type="checkbox" name="log" defaultChecked={hasLog} className="size-4 accent-accent" />
        The worker's log
      </label>
      {more.length > 0 && (
        <>
          <input type="hidden" name="moreChannels" value={JSON.stringify(more)} />
          <p className="text-faint text-xs">It goes on telling {more.map(channelWords).join(', ')}, too.</p>
        </>
      )}
    </fieldset>
  );
}
