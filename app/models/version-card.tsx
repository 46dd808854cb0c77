import { ArrowUpToLine } from 'lucide-react';
import type { ModelVersionDetail } from '#server/web/index.ts';
import { count, counted } from '../time/format.ts';
import { Actor } from '../ui/actor.tsx';
import { Button } from '../ui/button.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { CheckField } from '../ui/check-field.tsx';
import { TextField } from '../ui/field.tsx';
import { FormDialog } from '../ui/form-dialog.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';
import { ChartBox } from './chart-box.tsx';
import { fixed, percent, versionLook } from './words.ts';

interface VersionCardProps {
  modelId: string;
  version: ModelVersionDetail;
  canWrite: boolean;
}

/** One version: what became of it and why, how good it is, and its curves. */
export function VersionCard({ modelId, version, canWrite }: VersionCardProps) {
  const { metrics, curves } = version;
  const repeats = repeatsInWords(version);
  // The training's own promotion has its reason above.
  const told = version.promotions.filter(({ reason }) => reason !== version.reason).slice(0, 3);
  return (
    <Card
      title={`Version ${version.version}`}
      aside={
        <>
          <Pill {...versionLook(version)} />
          {canWrite && version.status === 'ready' && <Promote modelId={modelId} version={version} />}
        </>
      }
    >
      {version.reason !== null && (
        <p className="mb-3 break-words">
          {version.status === 'failed' ? 'Failed: ' : version.promoted ? 'Promoted: ' : 'Not promoted: '}
          {version.reason}.
        </p>
      )}
      {told.map((one) => (
        <p key={one.promotedAt} className="mb-1 break-words text-muted text-xs">
          Put live <Time at={one.promotedAt} /> by <Actor name={one.promotedBy} />
          {one.before !== null && ` in place of version ${one.before}`}: {one.reason}
        </p>
      ))}
      {metrics !== null && <Facts className="mt-3" facts={factsOf(version, metrics)} />}
      {repeats !== null && <p className="mt-2 text-muted text-xs">{repeats}</p>}
      {metrics !== null && curves !== null && (
        <ChartBox kind="curves" curves={curves} words={curvesInWords(version, metrics)} />
      )}
    </Card>
  );
}

function factsOf(version: ModelVersionDetail, metrics: NonNullable<ModelVersionDetail['metrics']>) {
  const { split } = version;
  return [
    { term: 'AUC', value: `${fixed(metrics.auc)} (chance 0.500)` },
    { term: 'Log loss', value: `${fixed(metrics.logLoss, 4)} (majority ${fixed(metrics.baseline.logLoss, 4)})` },
    { term: 'Gain', value: `${fixed(metrics.gain, 4)} ± ${fixed(metrics.gainError, 4)}` },
    { term: 'Accuracy', value: `${percent(metrics.accuracy)} (majority ${percent(metrics.baseline.accuracy)})` },
    { term: 'Trained on', value: counted(version.trainingRows ?? 0, 'row') },
    {
      term: 'Measured on',
      value: `${counted(version.holdoutRows ?? 0, 'row')} held out by ${heldOutBy(split)}`,
    },
  ];
}

function heldOutBy(split: ModelVersionDetail['split']): string {
  if (split?.by === 'key') return `the key (${split.columns.join(', ')})`;
  return split?.by === 'features' ? 'what is learned from: copies are on one side and count once' : 'the whole row';
}

/** Of rows that are alike in all that is learned from, nobody can tell whether they are copies. */
function repeatsInWords({ split, trainingRows }: ModelVersionDetail): string | null {
  const combinations = split?.combinations ?? null;
  if (combinations === null || trainingRows === null || combinations > trainingRows / 2) return null;
  const what = `The rows have ${count(combinations)} different combinations of what is learned from.`;
  return split?.by === 'features'
    ? what
    : `${what} Each row counts as a case of its own: if rows are copies of one another, the gain is overstated.`;
}

function curvesInWords(version: ModelVersionDetail, metrics: NonNullable<ModelVersionDetail['metrics']>): string {
  const bins = version.curves?.calibration ?? [];
  const told = bins
    .map(({ predicted, observed }) => `${percent(predicted)} said, ${percent(observed)} seen`)
    .join('; ');
  return `The area under the ROC curve is ${fixed(metrics.auc)}. Calibration: ${told}.`;
}

/** Stays while the version is live, or its outcome could not be told: its button is gone then. */
const Promote = ({ modelId, version: { version, isLive } }: { modelId: string; version: ModelVersionDetail }) => (
  <FormDialog
    title={`Put version ${version} live?`}
    description="Callers are answered by it from then on. One that is worse than what is live, or answers another question, is refused unless you say so."
    trigger={
      isLive ? undefined : (
        <Button size="sm">
          <ArrowUpToLine aria-hidden /> Put live
        </Button>
      )
    }
    action={`/data/models/${modelId}`}
    hidden={{ intent: 'promote', version }}
    submit={`Put version ${version} live`}
  >
    <TextField label="Reason" name="reason" required maxLength={1_000} />
    <CheckField label="Also when it is worse" name="acceptWorse" />
    <CheckField label="Also when it answers another question: of another table, label or class" name="acceptOther" />
  </FormDialog>
);
