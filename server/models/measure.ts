// How good a version is on rows it has not seen. Pure.
import type { ModelCurves, ModelMetrics } from '#db/schema/index.ts';

/** What was measured: which rows were positive (1), and what was said of each. */
export type Measured = {
  labels: Uint8Array;
  probabilities: Float64Array;
  /** Rows of one group are held out together and are no news to each other; left out, each is of its own. */
  groups?: Float64Array;
};

const CURVE_POINTS = 50;
const CALIBRATION_BINS = 10;

const lossOf = (label: number, probability: number) => -Math.log(label === 1 ? probability : 1 - probability);
const sumOf = (values: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i]!;
  return sum;
};
const lossesOf = ({ labels, probabilities }: Measured) =>
  Float64Array.from(probabilities, (probability, i) => lossOf(labels[i]!, probability));
/** The share of rows whose class is called right, positive from one half on. */
const accuracyOf = ({ labels, probabilities }: Measured) => {
  let right = 0;
  for (let i = 0; i < labels.length; i += 1) right += Number(probabilities[i]! >= 0.5 === (labels[i] === 1));
  return right / labels.length;
};

/**
 * How much smaller `losses` are than `others` a row, and the standard error of that mean: what differs from it is
 * summed within a group first, so that ten rows of one group weigh as one observation (cluster-robust).
 */
function gainOver(losses: Float64Array, others: Float64Array, groups?: Float64Array) {
  const gains = losses.map((loss, i) => others[i]! - loss);
  const gain = sumOf(gains) / gains.length;
  const sums = new Map<number, number>();
  for (let i = 0; i < gains.length; i += 1) {
    const group = groups?.[i] ?? i;
    sums.set(group, (sums.get(group) ?? 0) + gains[i]! - gain);
  }
  let squares = 0;
  for (const sum of sums.values()) squares += sum * sum;
  const correction = sums.size / Math.max(1, sums.size - 1);
  return { gain, gainError: Math.sqrt(correction * squares) / gains.length };
}

/** Groups that have a row of the class, negative first. */
function groupsOf({ labels, groups }: Measured): [number, number] {
  const seen = [new Set<number>(), new Set<number>()] as const;
  for (let i = 0; i < labels.length; i += 1) seen[labels[i] === 1 ? 1 : 0].add(groups?.[i] ?? i);
  return [seen[0].size, seen[1].size];
}

/**
 * At least one row. `positiveShare` is that of the training rows: what one would say who had learned nothing else.
 * `live` is what the version that is live says of the same rows.
 */
export function measure(
  measured: Measured,
  positiveShare: number,
  live: { version: number; probabilities: Float64Array } | null,
): { metrics: ModelMetrics; curves: ModelCurves } {
  const { labels, groups } = measured;
  const rows = labels.length;
  const flat = { labels, probabilities: new Float64Array(rows).fill(positiveShare) };
  const [losses, flatLosses] = [lossesOf(measured), lossesOf(flat)];
  const roc = rocOf(measured);
  const baselineAccuracy = accuracyOf(flat);
  const metrics: ModelMetrics = {
    ...{ auc: roc.auc, logLoss: sumOf(losses) / rows, accuracy: accuracyOf(measured), positives: sumOf(labels) },
    baseline: {
      ...{ logLoss: sumOf(flatLosses) / rows, accuracy: baselineAccuracy },
      accuracyError: Math.sqrt((baselineAccuracy * (1 - baselineAccuracy)) / rows),
    },
    groups: groupsOf(measured),
    ...gainOver(losses, flatLosses, groups),
    live: live && measureLive({ ...measured, probabilities: live.probabilities }, live.version, losses),
  };
  return { metrics, curves: { roc: roc.points, calibration: calibrationOf(measured) } };
}

function measureLive(measured: Measured, version: number, losses: Float64Array): NonNullable<ModelMetrics['live']> {
  const liveLosses = lossesOf(measured);
  const logLoss = sumOf(liveLosses) / liveLosses.length;
  return { version, logLoss, auc: rocOf(measured).auc, ...gainOver(losses, liveLosses, measured.groups) };
}

/**
 * The area under the ROC curve is the Mann–Whitney U statistic over the number of pairs: the share of pairs of a
 * positive and a negative row in which the positive one has the higher score, a tie counting one half (Hanley and
 * McNeil, Radiology 143 (1982) 29–36). Null where a class is absent.
 */
export function rocOf({ labels, probabilities }: Measured): { auc: number | null; points: ModelCurves['roc'] } {
  const positives = sumOf(labels);
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return { auc: null, points: [] };
  const order = Uint32Array.from(labels, (_, i) => i).sort((a, b) => probabilities[b]! - probabilities[a]!);
  const points = [{ falsePositives: 0, truePositives: 0 }];
  let [hits, alarms, pairs, at] = [0, 0, 0, 0];
  while (at < order.length) {
    const score = probabilities[order[at]!]!;
    let [hitsHere, alarmsHere] = [0, 0];
    for (; at < order.length && probabilities[order[at]!] === score; at += 1)
      if (labels[order[at]!] === 1) hitsHere += 1;
      else alarmsHere += 1;
    pairs += alarmsHere * (hits + hitsHere / 2);
    [hits, alarms] = [hits + hitsHere, alarms + alarmsHere];
    const last = points.at(-1)!;
    const moved = alarms / negatives - last.falsePositives + hits / positives - last.truePositives;
    if (at === order.length || moved >= 2 / CURVE_POINTS)
      points.push({ falsePositives: alarms / negatives, truePositives: hits / positives });
  }
  return { auc: pairs / (positives * negatives), points };
}

/** Of the rows in each tenth of the probabilities: what was said on average, and how many were positive. */
function calibrationOf({ labels, probabilities }: Measured): ModelCurves['calibration'] {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ said: 0, positives: 0, rows: 0 }));
  for (let i = 0; i < labels.length; i += 1) {
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(probabilities[i]! * CALIBRATION_BINS))]!;
    bin.said += probabilities[i]!;
    bin.positives += labels[i]!;
    bin.rows += 1;
  }
  return bins
    .filter(({ rows }) => rows > 0)
    .map(({ said, positives, rows }) => ({ predicted: said / rows, observed: positives / rows, rows }));
}
