// Makes the due reports once a minute, whichever worker comes first; the alert loop sends them. Apart from that loop: a
// report may take minutes, and rules are evaluated meanwhile.
import { makeReportsWhenDue, type ReportDependencies } from '#server/reports/index.ts';
import { type TurnLoop, type TurnSettings, turnLoop } from './turn-loop.ts';

export type ReportLoopConfig = TurnSettings & Pick<ReportDependencies, 'pool' | 'log'>;

/** A report that is being made when the loop stops is undone with its connection, and as due as it was. */
export function reportLoop({ pool, log, ...settings }: ReportLoopConfig): TurnLoop {
  return turnLoop({
    ...settings,
    log,
    turn: (of) => makeReportsWhenDue({ pool, log, ...of }),
    says: { failing: 'due reports cannot be read; trying again', again: 'due reports are read again' },
  });
}
