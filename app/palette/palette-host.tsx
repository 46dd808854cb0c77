import { useLocation, useNavigate } from '@remix-run/react';
import { Search } from 'lucide-react';
import { createContext, lazy, type ReactNode, Suspense, useContext, useEffect, useMemo, useState } from 'react';
import type { NavigationGroup } from '../shell/navigation.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import type { LinkCommand } from './link-commands.ts';
import type { FoundPipeline } from './search.ts';
import { ShortcutSheet } from './shortcut-sheet.tsx';
import { useShortcuts } from './shortcuts.ts';

const Palette = lazy(() => import('./palette.tsx'));
const PipelineDialogs = lazy(() => import('./pipeline-dialogs.tsx'));

export interface Deed {
  kind: 'run' | 'pause' | 'resume';
  pipeline: FoundPipeline;
}

const OpenContext = createContext<() => void>(() => {});

interface PaletteHostProps {
  groups: NavigationGroup[];
  commands: LinkCommand[];
  /** Whether this person may run and pause, and whether they may make pipelines. */
  canOperate: boolean;
  canCreate: boolean;
  children: ReactNode;
}

/** The command palette and the keys of the whole console. Neither is loaded before it is first asked for. */
export function PaletteHost({ groups, commands, canOperate, canCreate, children }: PaletteHostProps) {
  const [isOpen, setOpen] = useState(false);
  const [wasOpen, setWasOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const [deed, setDeed] = useState<Deed | null>(null);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const entries = groups.flatMap((group) => group.entries);
  const open = useMemo(
    () => () => {
      setWasOpen(true);
      setOpen(true);
    },
    [],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address changing is the signal itself
  useEffect(() => setOpen(false), [pathname]);
  useShortcuts({
    'mod+k': () => (isOpen ? setOpen(false) : open()),
    '?': () => setHelpOpen(true),
    '/': () => document.querySelector<HTMLInputElement>('#content input[type="search"]')?.focus(),
    ...(canCreate ? { 'g n': () => navigate('/data/pipelines/new') } : {}),
    ...Object.fromEntries(entries.flatMap(({ key, to }) => (key ? [[`g ${key}`, () => navigate(to)]] : []))),
  });
  return (
    <OpenContext.Provider value={open}>
      {children}
      {wasOpen && (
        <Suspense fallback={null}>
          <Palette
            open={isOpen}
            onOpenChange={setOpen}
            groups={groups}
            commands={commands}
            canOperate={canOperate}
            canCreate={canCreate}
            onDeed={(next) => {
              setOpen(false);
              setDeed(next);
            }}
            onHelp={() => {
              setOpen(false);
              setHelpOpen(true);
            }}
          />
        </Suspense>
      )}
      {deed !== null && (
        <Suspense fallback={null}>
          <PipelineDialogs deed={deed} onClose={() => setDeed(null)} />
        </Suspense>
      )}
      <ShortcutSheet open={isHelpOpen} onOpenChange={setHelpOpen} entries={entries} canCreate={canCreate} />
    </OpenContext.Provider>
  );
}

/** Opens the palette with the mouse, and tells of its keys. */
export function PaletteButton({ className }: { className?: string }) {
  const open = useContext(OpenContext);
  return (
    <Button
      onClick={open}
      className={cn('justify-start gap-2 font-normal text-faint shadow-none', className)}
      aria-label="Search and commands"
      aria-keyshortcuts="Control+K Meta+K"
    >
      <Search aria-hidden />
      <span className="flex-1 text-left">Search</span>
      <kbd aria-hidden className="rounded border border-line px-1 font-sans text-2xs leading-4">
        Ctrl K
      </kbd>
    </Button>
  );
}
