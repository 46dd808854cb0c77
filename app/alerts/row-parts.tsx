// What a row of alert rules and one of report schedules have in common.
import { Trash2 } from 'lucide-react';
import type { ReactNode } from 'react';
import type { AlertChannel } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { AsideFormDialog } from '../ui/form-dialog.tsx';
import { Cell, Column } from '../ui/table.tsx';
import { useAction } from '../ui/use-action.tsx';
import { channelWords } from './words.ts';

interface Named {
  id: string;
  name: string;
}

export const ActionsColumn = () => (
  <Column align="right">
    <span className="sr-only">Actions</span>
  </Column>
);

/** Two webhooks of one host look alike. */
const keyOf = (channel: AlertChannel) => (channel.kind === 'webhook' && channel.id) || channelWords(channel);

/** Whom it tells, a line each. */
export const ChannelsCell = ({ channels }: { channels: AlertChannel[] }) => (
  <Cell className="max-w-60 break-words text-xs max-sm:hidden">
    {channels.map((channel) => (
      <p key={keyOf(channel)} className="truncate" title={channelWords(channel)}>
        {channelWords(channel)}
      </p>
    ))}
  </Cell>
);

interface ActionsCellProps {
  item: Named;
  /** Where the page's forms go. */
  action: string;
  /** What can be done with it at once: `intent` is posted with its id. */
  deed: { intent: string; name: string; label: ReactNode };
  onDelete: () => void;
  /** The button that opens its form. */
  children: ReactNode;
}

export function ActionsCell({ item, action, deed, onDelete, children }: ActionsCellProps) {
  const { Form, busy } = useAction(() => {});
  return (
    <Cell align="right">
      <div className="flex justify-end gap-1.5 max-sm:flex-col max-sm:items-end">
        <Form method="post" action={action}>
          <input type="hidden" name="intent" value={deed.intent} />
          <input type="hidden" name="id" value={item.id} />
          <Button type="submit" size="sm" busy={busy} aria-label={deed.name}>
            {deed.label}
          </Button>
        </Form>
        {children}
        <Button size="icon-sm" look="quiet" aria-label={`Delete ${item.name}`} onClick={onDelete}>
          <Trash2 aria-hidden />
        </Button>
      </div>
    </Cell>
  );
}

interface DeleteNamedProps {
  item: Named | null;
  action: string;
  description: string;
  submit: string;
  onClose: () => void;
}

/** Asks before one of the rows goes. */
export const DeleteNamed = ({ item, ...rest }: DeleteNamedProps) => (
  <AsideFormDialog
    {...rest}
    about={item}
    titleOf={({ name }) => `Delete ${name}?`}
    hiddenOf={({ id }) => ({ intent: 'delete', id })}
    look="danger"
  />
);
