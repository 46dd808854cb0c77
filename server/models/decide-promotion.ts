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
 * class's by two standard errors of the rows' differences. A later one: not above the live version's on the same rows.
 */
export function decidePromotion(metrics: ModelMetrics, holdoutRows: number): Decision {
  const { positives, live, logLoss, baseline, gain, gainError, groups } = metrics;
  const negatives = holdoutRows - positives;
  if (Math.min(...groups) < MIN_CLASS_ROWS)
    return {
      promoted: false,
      reason: `the hold-out has ${positives} positive and ${negatives} negative rows${differing(groups, positives, negatives)}; at least ${MIN_CLASS_ROWS} of each are needed to judge a version`,
    };
  if (live) {
    const than = `the live version ${live.version}'s ${nats(live.logLoss)} on the same ${holdoutRows} rows`;
    return live.gain >= -ROUNDING
      ? { promoted: true, reason: `its log loss of ${nats(logLoss)} is not worse than ${than}` }
      : { promoted: false, reason: `its log loss of ${nats(logLoss)} is worse than ${than}` };
  }
  const what = `its log loss of ${nats(logLoss)} is ${nats(Math.abs(gain))} ${gain >= 0 ? 'below' : 'above'} the majority class's ${nats(baseline.logLoss)}`;
  const needed = `${ERRORS} standard errors are ${nats(ERRORS * gainError)}`;
  return gain > ERRORS * gainError && gain > ROUNDING
    ? { promoted: true, reason: `${what}, and ${needed}` }
    : { promoted: false, reason: `${what}; to go live it must be below by more than ${needed.replace(' are', ',')}` };
}
