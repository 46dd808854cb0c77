import { Ban, Check, CircleDashed, LoaderCircle, X } from 'lucide-react';
import type { Model, ModelVersion } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

export const kindWords: Record<Model['kind'], string> = {
  naive_bayes: 'Naive Bayes',
  logistic: 'Logistic regression',
};

export const stateLook: Record<Model['state'], Look> = {
  untrained: { label: 'Not trained', tone: 'idle', icon: CircleDashed },
  training: { label: 'Training', tone: 'busy', icon: LoaderCircle },
  live: { label: 'Live', tone: 'ok', icon: Check },
  refused: { label: 'Not good enough', tone: 'warn', icon: Ban },
  failed: { label: 'Training failed', tone: 'bad', icon: X },
};

const phaseWords: Record<NonNullable<ModelVersion['phase']>, string> = {
  ...{ reading: 'Training: reading rows', fitting: 'Training: fitting', scoring: 'Training: scoring' },
};

/** What became of a version. */
export function versionLook(version: Pick<ModelVersion, 'status' | 'phase' | 'isLive' | 'wasLive'>): Look {
  const { status, phase, isLive, wasLive } = version;
  if (status === 'training') return phase ? { ...stateLook.training, label: phaseWords[phase] } : stateLook.training;
  if (status === 'failed') return { label: 'Failed', tone: 'bad', icon: X };
  if (isLive) return stateLook.live;
  return wasLive
    ? { label: 'Was live', tone: 'idle', icon: Check }
    : { label: 'Not promoted', tone: 'warn', icon: Ban };
}

export const fixed = (value: number | null | undefined, digits = 3): string =>
  value === null || value === undefined ? '–' : value.toFixed(digits);
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
