import {
  Check as Checked,
  CircleDashed,
  CircleSlash,
  Diff,
  FileQuestion,
  FileX,
  GitBranch,
  Unplug,
} from 'lucide-react';
import type { DriftState, GitopsStatus, SourcePlan } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

export const STATES = ['invalid', 'changed', 'missing', 'unmanaged', 'in_sync'] as const;

/** A state that is added to the union and not here fails to compile. */
export const stateLook: Record<DriftState, Look & { means: string }> = {
  invalid: { label: 'Invalid', tone: 'bad', icon: FileX, means: 'The repository has a document that cannot be read.' },
  changed: { label: 'Changed', tone: 'warn', icon: Diff, means: 'It says something else here than in the repository.' },
  missing: {
    label: 'Missing',
    tone: 'warn',
    icon: FileQuestion,
    means: 'The repository has it, and there is none here.',
  },
  unmanaged: {
    label: 'Unmanaged',
    tone: 'idle',
    icon: CircleDashed,
    means: 'It is here, and the repository has none.',
  },
  in_sync: { label: 'In sync', tone: 'ok', icon: Checked, means: 'It says the same here as in the repository.' },
};

export const overallLook: Record<GitopsStatus['state'], Look> = {
  not_configured: { label: 'Not set up', tone: 'idle', icon: CircleSlash },
  unchecked: { label: 'Not checked', tone: 'idle', icon: CircleDashed },
  broken: { label: 'Cannot be read', tone: 'bad', icon: Unplug },
  drifted: { label: 'Drifted', tone: 'warn', icon: Diff },
  in_sync: { label: 'In sync', tone: 'ok', icon: GitBranch },
};

export type PlanItem = SourcePlan['items'][number];

/** As people name a commit. */
export const shortCommit = (id: string) => id.slice(0, 10);

const many = (number: number, one: string, more: string) => (number === 1 ? `1 ${one}` : `${number} ${more}`);

/** What carrying these out does, with the numbers. */
export function planWords(items: PlanItem[], commitId: string): string {
  const of = (action: PlanItem['action']) => items.filter((item) => item.action === action).length;
  const parts = [
    of('create') > 0 && many(of('create'), 'pipeline is created', 'pipelines are created'),
    of('save') > 0 && many(of('save'), 'pipeline gets a new version', 'pipelines get a new version'),
    of('publish') > 0 && many(of('publish'), 'saved version goes live', 'saved versions go live'),
  ].filter((part) => part !== false);
  return `${parts.join(', ')}, as commit ${shortCommit(commitId)} says.`;
}

/** What happens to one pipeline. */
export function itemWords({ name, action, baseVersion, file }: PlanItem): string {
  if (action === 'create') return `${name}: created from ${file}`;
  if (action === 'publish') return `${name}: version ${baseVersion} goes live in place of the live version`;
  return `${name}: version ${(baseVersion ?? 0) + 1} from ${file} on top of version ${baseVersion}`;
}
