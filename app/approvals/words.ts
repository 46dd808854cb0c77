import { Ban, Check, Clock, Hourglass, Layers, Undo2, X } from 'lucide-react';
import type { RequestState } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** What each state is called, and what it means for the pipeline. */
export const requestLook: Record<RequestState, Look & { means: string }> = {
  open: { label: 'Waiting', tone: 'warn', icon: Hourglass, means: 'The change is not live yet.' },
  applied: { label: 'Applied', tone: 'ok', icon: Check, means: 'The version went live with the last approval.' },
  rejected: { label: 'Rejected', tone: 'bad', icon: X, means: 'The change stays unapplied.' },
  withdrawn: { label: 'Withdrawn', tone: 'idle', icon: Undo2, means: 'Who asked for it took it back.' },
  expired: {
    label: 'Expired',
    tone: 'idle',
    icon: Clock,
    means: 'Its time is over. Publish the version again to ask anew.',
  },
  superseded: { label: 'Superseded', tone: 'idle', icon: Layers, means: 'Another version was asked for instead.' },
  stale: {
    ...{ label: 'Stale', tone: 'idle', icon: Ban },
    means: 'The pipeline is no longer what it was when this was asked for. Publish the version again to ask anew.',
  },
};

export const versionsOf = ({ baseVersion, targetVersion }: { baseVersion: number | null; targetVersion: number }) =>
  baseVersion === null ? `v${targetVersion}, the first` : `v${baseVersion} → v${targetVersion}`;

/** One a line. Not by commas: a label's value may hold them. */
export const selectorsOf = (lines: string): string[] =>
  lines
    .split(/\r?\n/)
    .map((one) => one.trim())
    .filter(Boolean);

export const roleWords = (roles: readonly string[]) => roles.join(' or ');
