import { Ban, Check, Clock, Hourglass, Layers, Undo2, X } from 'lucide-react';
import type { ChangeRequest, RequestState } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** What each state is called, and what it means for the pipeline. */
export const requestLook: Record<RequestState, Look & { means: string }> = {
  open: { label: 'Waiting', tone: 'warn', icon: Hourglass, means: 'The change does not hold yet.' },
  applied: { label: 'Applied', tone: 'ok', icon: Check, means: 'It was carried out with the last approval.' },
  rejected: { label: 'Rejected', tone: 'bad', icon: X, means: 'The change stays unapplied.' },
  withdrawn: { label: 'Withdrawn', tone: 'idle', icon: Undo2, means: 'Who asked for it took it back.' },
  expired: {
    label: 'Expired',
    tone: 'idle',
    icon: Clock,
    means: 'Its time is over. It can be asked for anew.',
  },
  superseded: { label: 'Superseded', tone: 'idle', icon: Layers, means: 'Another change was asked for instead.' },
  stale: {
    ...{ label: 'Stale', tone: 'idle', icon: Ban },
    means: 'What it would change is no longer what it was when this was asked for. It can be asked for anew.',
  },
};

type Changed = Pick<ChangeRequest, 'subject' | 'pipelineName' | 'targetVersion'>;

/** What would change. */
export const subjectOf = ({ subject, pipelineName }: Pick<Changed, 'subject' | 'pipelineName'>): string =>
  subject === 'rules' ? 'Rules of approval' : (pipelineName ?? '');

/** What the request is about, as its page is called. */
export const titleOf = (request: Changed): string =>
  request.subject === 'rules'
    ? 'Looser rules of approval'
    : `Version ${request.targetVersion} of ${request.pipelineName}`;

export const versionsOf = ({ baseVersion, targetVersion }: { baseVersion: number | null; targetVersion: number }) =>
  baseVersion === null ? `v${targetVersion}, the first` : `v${baseVersion} → v${targetVersion}`;

/** One a line. Not by commas: a label's value may hold them. */
export const selectorsOf = (lines: string): string[] =>
  lines
    .split(/\r?\n/)
    .map((one) => one.trim())
    .filter(Boolean);

/** What is wrong with what a form says of labels: an empty list turns approval off, so it is never taken for a slip. */
export function wrongSelectors(selectors: readonly string[], isNoneWanted: boolean): string | null {
  if (selectors.length === 0 && !isNoneWanted)
    return 'No label was given, and that turns approval off for every pipeline. Give a label, or tick "No pipeline needs approval".';
  if (selectors.length > 0 && isNoneWanted)
    return 'Labels were given, and "No pipeline needs approval" was ticked: leave one of the two away.';
  return null;
}

/** What becomes of a version that is published under these rules. */
export function publishingWords({
  problem,
  selectors,
}: {
  problem: string | null;
  selectors: readonly string[];
}): string {
  if (problem !== null) return 'The rules cannot be read: publishing is refused, and nothing goes live.';
  return selectors.length === 0
    ? 'No label demands approval: what is published goes live at once.'
    : `Publishing a pipeline labelled ${selectors.join(' or ')} makes one.`;
}

type Labels = Readonly<Record<string, string>>;
const fits = (labels: Labels, selector: string): boolean => {
  const [key = '', ...rest] = selector.split(':');
  return Object.hasOwn(labels, key) && (rest.length === 0 || labels[key] === rest.join(':'));
};

/** What to know before publishing a document of these labels over one of those; null: it goes live at once. */
export function publishHint(
  { problem, selectors }: { problem: string | null; selectors: readonly string[] },
  documents: readonly Labels[],
): string | null {
  if (problem !== null)
    return 'The rules of approval cannot be read: publishing is refused until an admin sets them anew.';
  const why = selectors.filter((selector) => documents.some((labels) => fits(labels, selector)));
  return why.length === 0
    ? null
    : `Because of ${why.join(', ')} others are asked for their approval first; it goes live with the last one needed.`;
}

export const roleWords = (roles: readonly string[]) => roles.join(' or ');
