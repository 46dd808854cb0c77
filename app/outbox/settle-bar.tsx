import type { OutboxEventFilter } from '#server/web/index.ts';
import { SettleDialog } from './settle-dialog.tsx';

interface SettleBarProps {
  selected: string[];
  /** The list shows failed events only: then all that match it can be acted on. */
  isFailedOnly: boolean;
  /** No failed event is shown. */
  isEmpty: boolean;
  filter: OutboxEventFilter;
  onDone: () => void;
}

/** What can be done about failed events: those that are ticked, or all that the filter names. */
export function SettleBar({ selected, isFailedOnly, isEmpty, filter, onDone }: SettleBarProps) {
  const which = selected.length === 0 && isFailedOnly ? { filter } : { ids: selected };
  const isDisabled = selected.length === 0 && (!isFailedOnly || isEmpty);
  return (
    <div className="flex min-h-11 flex-wrap items-center gap-2 border-line border-b px-4 py-1.5 text-xs">
      <p className="mr-auto text-muted">
        {selected.length > 0
          ? `${selected.length} selected`
          : isFailedOnly
            ? 'Nothing selected: buttons mean all failed events of this filter.'
            : 'Select failed events to requeue or discard them.'}
      </p>
      <SettleDialog intent="requeue" which={which} isDisabled={isDisabled} onDone={onDone} />
      <SettleDialog intent="discard" which={which} isDisabled={isDisabled} onDone={onDone} />
    </div>
  );
}
