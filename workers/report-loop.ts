// Makes the due reports once a minute, whichever worker comes first; the alert loop sends them. Apart from that loop: a
// report may take minutes, and rules are evaluated meanwhile.
import { makeReportsWhenDue, type ReportDependencies } from '#server/reports/index.ts';
import { type TurnLoop, type TurnSettings, turnLoop } from './turn-loop.ts';

export type ReportLoopConfig = TurnSettings & Pick<ReportDependencies, 'pool' | 'log' | 'failPoint'>;

/** A report that is being made when the loop stops is undone at once, and as due as it was. */
export function reportLoop({ turnMs, staleMs, ...deps }: ReportLoopConfig): TurnLoop {
  return turnLoop({
    ...{ turnMs, staleMs, log: deps.log },
    turn: (of) => makeReportsWhenDue({ ...deps, ...of }),
    says: { failing: 'due reports cannot be read; trying again', again: 'due reports are read again' },
  });
}
