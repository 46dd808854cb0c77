// What an evaluation makes of a rule: pure, so that every case can be looked at.
//
//   ok ──over──▶ pending ──over for the window──▶ firing ──not over──▶ ok
//
// A metric that itself counts over the window skips `pending`. Whoever is to hear of a firing hears of it once:
// when it begins, or, when that falls into the cool-down of the last one, when the cool-down ends and it still fires.
// Its end is told to those who heard of its beginning.

export type RuleState = {
  state: 'ok' | 'pending' | 'firing';
  stateSince: Date;
  isTold: boolean;
  toldAt: Date | null;
};
export type RuleLimits = {
  windowMinutes: number;
  cooldownMinutes: number;
  /** The metric counts over the window by itself. */
  isWindowed: boolean;
};
export type Decision = RuleState & {
  /** To be recorded; `isTold` says whether anybody is notified. */
  event: { kind: 'firing' | 'resolved'; isTold: boolean } | null;
};

const minutes = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 60_000;

/** `isOver`: the value is on the wrong side of the threshold. `now` is the database's. */
export function decide(rule: RuleState, limits: RuleLimits, isOver: boolean, now: Date): Decision {
  if (!isOver) return settle(rule, now);
  if (rule.state === 'firing') {
    if (rule.isTold || isCooling(rule, limits, now)) return { ...rule, event: null };
    // It began in the cool-down, which is over: now they must hear of it.
    return { ...rule, isTold: true, toldAt: now, event: { kind: 'firing', isTold: true } };
  }
  const since = rule.state === 'pending' ? rule.stateSince : now;
  if (!limits.isWindowed && minutes(since, now) < limits.windowMinutes)
    return { ...rule, state: 'pending', stateSince: since, isTold: false, event: null };
  const isTold = !isCooling(rule, limits, now);
  return {
    state: 'firing',
    stateSince: now,
    isTold,
    toldAt: isTold ? now : rule.toldAt,
    event: { kind: 'firing', isTold },
  };
}

function settle(rule: RuleState, now: Date): Decision {
  if (rule.state === 'ok') return { ...rule, event: null };
  const settled = { state: 'ok' as const, stateSince: now, isTold: false, toldAt: rule.toldAt };
  if (rule.state === 'pending') return { ...settled, event: null };
  return { ...settled, event: { kind: 'resolved', isTold: rule.isTold } };
}

const isCooling = ({ toldAt }: RuleState, { cooldownMinutes }: RuleLimits, now: Date) =>
  toldAt !== null && minutes(toldAt, now) < cooldownMinutes;

export function isOver(value: number, operator: '>' | '>=' | '<' | '<=', threshold: number): boolean {
  switch (operator) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
  }
}
