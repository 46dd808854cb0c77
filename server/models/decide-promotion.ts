import type { ModelMetrics } from '#db/schema/index.ts';
import { MIN_CLASS_ROWS } from './limits.ts';

export type Decision = { promoted: boolean; reason: string };

const ERRORS = 2;
/** Of a version that says the same as the majority class, the two differ by rounding and never by more. */
const ROUNDING = 1e-9;
const nats = (value: number) => value.toPrecision(4);

/** Where rows are alike, copies count once. */
const differing = ([n, p]: readonly [number, number], positives: number, negatives: number) =>
  p === positives && n === negatives ? '' : `, of which ${p} and ${n} differ in what is learned from`;

/**
 * Whether a version goes live, and why in words. The first: its log loss on the hold-out must be below the majority
 * class's by two standard errors of the rows' differences. A later one: not above the live version's on the same rows,
 * and not the same as that. `notCompared`: why there is a live version and the rule of the first applies.
 * `isLiveFavoured`: the live one has learned from most of these rows; whoever beats it there all the same is not worse.
 */
export function decidePromotion(
  metrics: ModelMetrics,
  holdoutRows: number,
  { notCompared = null, isLiveFavoured = false }: { notCompared?: string | null; isLiveFavoured?: boolean } = {},
): Decision {
  const { positives, live, logLoss, baseline, gain, gainError, groups } = metrics;
  const negatives = holdoutRows - positives;
  if (Math.min(...groups) < MIN_CLASS_ROWS)
    return {
      promoted: false,
      reason: `the hold-out has ${positives} positive and ${negatives} negative rows${differing(groups, positives, negatives)}; at least ${MIN_CLASS_ROWS} of each are needed to judge a version`,
    };
  if (live) {
    const { promoted, reason } = decideLater(metrics, live, holdoutRows);
    const though = `; these were held out otherwise before: version ${live.version} has learned from most of them`;
    return { promoted, reason: isLiveFavoured ? `${reason}${though}` : reason };
  }
  const what = `its log loss of ${nats(logLoss)} is ${nats(Math.abs(gain))} ${gain >= 0 ? 'below' : 'above'} the majority class's ${nats(baseline.logLoss)}`;
  const needed = `${ERRORS} standard errors are ${nats(ERRORS * gainError)}`;
  const apart = notCompared === null ? '' : `; ${notCompared}`;
  return gain > ERRORS * gainError && gain > ROUNDING
    ? { promoted: true, reason: `${what}, and ${needed}${apart}` }
    : {
        promoted: false,
        reason: `${what}; to go live it must be below by more than ${needed.replace(' are', ',')}${apart}`,
      };
}

function decideLater(
  { logLoss, baseline, gain }: ModelMetrics,
  live: NonNullable<ModelMetrics['live']>,
  holdoutRows: number,
): Decision {
  const overtaken =
    gain < -ROUNDING
      ? `; but the majority class's ${nats(baseline.logLoss)} is better than both: what was learned is not so any more`
      : '';
  if (Math.max(Math.abs(live.gain), live.gainError) <= ROUNDING)
    return {
      promoted: false,
      reason: `it says the same as the live version ${live.version} of all ${holdoutRows} rows held out, so that one stays${overtaken}`,
    };
  const than = `the live version ${live.version}'s ${nats(live.logLoss)} on the same ${holdoutRows} rows`;
  if (live.gain < -ROUNDING)
    return { promoted: false, reason: `its log loss of ${nats(logLoss)} is worse than ${than}` };
  return { promoted: true, reason: `its log loss of ${nats(logLoss)} is not worse than ${than}${overtaken}` };
}
