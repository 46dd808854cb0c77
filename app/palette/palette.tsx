import { useFetcher, useNavigate, useSubmit } from '@remix-run/react';
import { Command } from 'cmdk';
import { CirclePlay, Keyboard, LogOut, type LucideIcon, Pause, Play, Plus, Workflow } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import type { NavigationGroup } from '../shell/navigation.ts';
import type { LinkCommand } from './link-commands.ts';
import type { Deed } from './palette-host.tsx';
import type { FoundPipeline, loader } from './search.ts';

/** Wait after the last key before the server is asked, in milliseconds. */
const TYPING_MS = 120;

interface PaletteProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  groups: NavigationGroup[];
  commands: LinkCommand[];
  canOperate: boolean;
  canCreate: boolean;
  onDeed: (deed: Deed) => void;
  onHelp: () => void;
}

type Mode = 'all' | Deed['kind'];

const modes: Record<
  Deed['kind'],
  { label: string; icon: LucideIcon; ask: string; fits: (p: FoundPipeline) => boolean }
> = {
  run: {
    label: 'Run a pipeline now…',
    icon: CirclePlay,
    ask: 'Run which pipeline?',
    fits: (p) => p.liveVersion !== null,
  },
  pause: {
    label: 'Pause a schedule…',
    icon: Pause,
    ask: 'Pause the schedule of which pipeline?',
    fits: (p) => p.hasSchedule && p.paused === null,
  },
  resume: {
    label: 'Resume a schedule…',
    icon: Play,
    ask: 'Resume the schedule of which pipeline?',
    fits: (p) => p.paused !== null,
  },
};

/** Everything one can go to or do, by typing a part of its name. */
export default function Palette(props: PaletteProps) {
  const { open, onOpenChange, groups, commands, canOperate, canCreate, onDeed, onHelp } = props;
  const [mode, setMode] = useState<Mode>('all');
  const [typed, setTyped] = useState('');
  const { pipelines, isLoading } = usePipelines(open, typed);
  const navigate = useNavigate();
  const submit = useSubmit();
  useEffect(() => {
    if (open) return;
    setMode('all');
    setTyped('');
  }, [open]);
  const matches = (...words: string[]) => words.some((word) => word.toLowerCase().includes(typed.trim().toLowerCase()));
  const enter = (next: Mode) => {
    setMode(next);
    setTyped('');
  };
  const shown = mode === 'all' ? pipelines : pipelines.filter(modes[mode].fits);
  const [selected, setSelected] = useState('');
  const first = shown[0] === undefined ? null : `pipeline ${shown[0].id}`;
  // What was found comes after the rest stands there; Enter is for the first of it.
  useEffect(() => {
    if (first !== null) setSelected(first);
  }, [first]);
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[min(36rem,calc(100vw-1.5rem))] -translate-x-1/2 animate-pop overflow-hidden rounded-lg border border-line bg-surface shadow-pop"
        >
          <Radix.Title className="sr-only">Search and commands</Radix.Title>
          <Command shouldFilter={false} loop label="Search and commands" value={selected} onValueChange={setSelected}>
            <Command.Input
              value={typed}
              onValueChange={setTyped}
              onKeyDown={(event) => {
                if (event.key === 'Backspace' && typed === '') setMode('all');
              }}
              placeholder={mode === 'all' ? 'Find a pipeline, a page, a command' : modes[mode].ask}
              className="h-12 w-full border-line border-b bg-transparent px-4 text-base outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-[min(26rem,60vh)] overflow-y-auto p-1.5">
              <Group heading="Pipelines">
                {shown.map((pipeline) => (
                  <Item
                    key={pipeline.id}
                    value={`pipeline ${pipeline.id}`}
                    icon={Workflow}
                    hint={pipeline.paused !== null ? 'paused' : pipeline.liveVersion === null ? 'draft' : ''}
                    onSelect={() =>
                      mode === 'all' ? navigate(`/data/pipelines/${pipeline.id}`) : onDeed({ kind: mode, pipeline })
                    }
                  >
                    {pipeline.name}
                  </Item>
                ))}
                {shown.length === 0 && !isLoading && (
                  <p className="px-2.5 py-2 text-muted">No pipeline is called so.</p>
                )}
              </Group>
              {mode === 'all' && (
                <>
                  <Group heading="Go to">
                    {groups.map(({ label: group, entries }) =>
                      entries
                        .filter(({ label }) => matches(label, `${group} ${label}`))
                        .map(({ to, label, icon, key }) => (
                          <Item
                            key={to}
                            value={to}
                            icon={icon}
                            hint={key ? `g ${key}` : ''}
                            onSelect={() => navigate(to)}
                          >
                            {label}
                          </Item>
                        )),
                    )}
                  </Group>
                  <Group heading="Commands">
                    {canOperate &&
                      (['run', 'pause', 'resume'] as const)
                        .filter((kind) => matches(modes[kind].label))
                        .map((kind) => (
                          <Item key={kind} value={kind} icon={modes[kind].icon} onSelect={() => enter(kind)}>
                            {modes[kind].label}
                          </Item>
                        ))}
                    {canCreate && matches('New pipeline', 'Create a pipeline') && (
                      <Item value="new" icon={Plus} hint="g n" onSelect={() => navigate('/data/pipelines/new')}>
                        New pipeline
                      </Item>
                    )}
                    {commands
                      .filter(({ label, words }) => matches(label, ...words))
                      .map(({ to, label, icon }) => (
                        <Item
                          key={label}
                          value={label}
                          icon={icon}
                          onSelect={() => {
                            onOpenChange(false);
                            navigate(to);
                          }}
                        >
                          {label}
                        </Item>
                      ))}
                    {matches('Keyboard shortcuts', 'Help') && (
                      <Item value="help" icon={Keyboard} hint="?" onSelect={onHelp}>
                        Keyboard shortcuts
                      </Item>
                    )}
                    {matches('Sign out', 'Log out') && (
                      <Item
                        value="sign-out"
                        icon={LogOut}
                        onSelect={() => submit(null, { method: 'post', action: '/logout' })}
                      >
                        Sign out
                      </Item>
                    )}
                  </Group>
                </>
              )}
            </Command.List>
          </Command>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** Pipelines whose name or description has the typed text, asked of the server a moment after the last key. */
function usePipelines(isOpen: boolean, typed: string) {
  const { load, data, state } = useFetcher<typeof loader>({ key: 'palette' });
  useEffect(() => {
    if (!isOpen) return;
    const timer = setTimeout(
      () => load(`/palette?search=${encodeURIComponent(typed.trim())}`),
      typed === '' ? 0 : TYPING_MS,
    );
    return () => clearTimeout(timer);
  }, [isOpen, typed, load]);
  return { pipelines: data?.items ?? [], isLoading: state !== 'idle' || data === undefined };
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="**:[[cmdk-group-heading]]:px-2.5 **:[[cmdk-group-heading]]:pt-2 **:[[cmdk-group-heading]]:pb-1 **:[[cmdk-group-heading]]:text-faint **:[[cmdk-group-heading]]:text-xs [&:not(:has([cmdk-item],p))]:hidden"
    >
      {children}
    </Command.Group>
  );
}

interface ItemProps {
  value: string;
  icon: LucideIcon;
  hint?: string;
  onSelect: () => void;
  children: ReactNode;
}

function Item({ value, icon: Icon, hint = '', onSelect, children }: ItemProps) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="flex cursor-default select-none items-center gap-2.5 rounded-md px-2.5 py-2 data-[selected=true]:bg-hover"
    >
      <Icon aria-hidden className="size-4 shrink-0 text-faint" />
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {hint !== '' && <span className="text-faint text-xs">{hint}</span>}
    </Command.Item>
  );
}
