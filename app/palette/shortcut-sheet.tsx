import type { NavigationEntry } from '../shell/navigation.ts';
import { Dialog } from '../ui/dialog.tsx';

interface ShortcutSheetProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  entries: NavigationEntry[];
  canCreate: boolean;
}

/** All keys that do something, on one sheet. */
export function ShortcutSheet({ open, onOpenChange, entries, canCreate }: ShortcutSheetProps) {
  const everywhere: [string[], string][] = [
    [['Ctrl', 'K'], 'Search and commands'],
    [['/'], 'Search in this list'],
    [['?'], 'This sheet'],
  ];
  const going: [string[], string][] = [
    ...entries.flatMap(({ key, label }): [string[], string][] => (key ? [[['g', key], label]] : [])),
    ...(canCreate ? [[['g', 'n'], 'New pipeline'] as [string[], string]] : []),
  ];
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Keyboard shortcuts"
      description="They wait while you type in a field."
    >
      <Keys title="Everywhere" keys={everywhere} />
      <Keys title="Go to" keys={going} />
      <Keys
        title="In the document editor"
        keys={[
          [['Ctrl', 'S'], 'Save'],
          [['Ctrl', 'Space'], 'Suggest'],
          [['Ctrl', 'Z'], 'Take back'],
        ]}
      />
    </Dialog>
  );
}

function Keys({ title, keys }: { title: string; keys: [string[], string][] }) {
  return (
    <section className="mt-3 first:mt-0">
      <h3 className="mb-1 text-faint text-xs">{title}</h3>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-1 max-sm:grid-cols-1">
        {keys.map(([presses, what]) => (
          <div key={what} className="flex items-center justify-between gap-2">
            <dt>{what}</dt>
            <dd className="flex gap-1">
              {presses.map((press) => (
                <kbd
                  key={press}
                  className="rounded border border-line-strong bg-sunken px-1.5 font-sans text-2xs leading-5"
                >
                  {press}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
