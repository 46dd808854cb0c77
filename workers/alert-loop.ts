// Evaluates the alert rules once a minute, whichever worker comes first, and sends what is due, a report's mails too.
import { type AlertDependencies, tickAlertsWhenDue } from '#server/reports/index.ts';
import { type TurnLoop, type TurnSettings, turnLoop } from './turn-loop.ts';

export type AlertLoopConfig = TurnSettings & Omit<AlertDependencies, 'signal' | 'onProgress'>;

export function alertLoop({ turnMs, staleMs, ...deps }: AlertLoopConfig): TurnLoop {
  const loop = turnLoop({
    ...{ turnMs, staleMs, log: deps.log },
    // Of a turn that fails the health of alerts says that nothing is evaluated.
    turn: (of) => tickAlertsWhenDue({ ...deps, ...of }),
    says: { failing: 'alerts cannot be evaluated; trying again', again: 'alerts are evaluated again' },
  });
  return {
    ...loop,
    async stop() {
      await loop.stop();
      deps.channels.close();
    },
  };
}
