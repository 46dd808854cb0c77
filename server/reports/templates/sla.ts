import { readKeeping } from '../keeping/read-keeping.ts';
import { type KeptLine, sumOf, tallyKeeping } from '../keeping/tally.ts';
import { MAX_ROWS, round, type Template } from './template.ts';

/**
 * Which due instants of the period were kept, each under the verdict that it has for good; what is not decided when the
 * report is made is open, and is told of, under its verdict, in a line of its own of the report that follows the decision.
 * What was skipped or cancelled counts neither way.
 */
export const sla: Template = {
  title: 'Schedule keeping',
  says: 'Of every schedule, how many due instants started on time, late or not at all, how late, and what became of those that were open in the last report',
  async compose(tx, tenantId, period, carried) {
    const keeping = await readKeeping(tx, tenantId, period, carried);
    const { lines, carried: left } = tallyKeeping(keeping, period, carried);
    return {
      figures: figuresOf(lines, carried !== null),
      columns: [
        ...['Pipeline', 'Due', 'Kept on time, %', 'On time', 'Late', 'Missed', 'Skipped or cancelled', 'Open'],
        ...['Half started within, seconds', '95 % started within, seconds'],
      ],
      rows: inOrder(lines)
        .slice(0, MAX_ROWS)
        .map((line) => [
          ...[line.name, line.isEarlier ? 'earlier' : 'in this period', keptPercent(line)],
          ...[line.onTime, line.late, line.missed, line.skipped, line.open],
          ...[round(line.p50Seconds), round(line.p95Seconds)],
        ]),
      rowsAre: 'due instants',
      carried: left,
    };
  },
};

const DECIDED = [
  ['On time', 'onTime'],
  ['Late', 'late'],
  ['Missed', 'missed'],
  ['Skipped or cancelled', 'skipped'],
] as const;

/** `isNext`: there was a report before it; where there was none, nothing is decided later than it. */
function figuresOf(lines: KeptLine[], isNext: boolean) {
  const [within, earlier] = [lines.filter((line) => !line.isEarlier), lines.filter((line) => line.isEarlier)];
  const sum = (of: KeptLine[], outcome: (typeof DECIDED)[number][1] | 'open') =>
    of.reduce((total, line) => total + line[outcome], 0);
  const count = (label: string, value: number | null) => ({ label, value, unit: '' });
  const [onTime, late, missed] = [sum(within, 'onTime'), sum(within, 'late'), sum(within, 'missed')];
  const later = earlier.reduce((total, line) => total + sumOf(line) - line.open, 0);
  return [
    { label: 'Kept on time', value: keptPercent({ onTime, late, missed }), unit: '%' },
    ...DECIDED.map(([label, outcome]) => count(label, sum(within, outcome))),
    count('Open', sum(lines, 'open')),
    count('Decided later', isNext ? later : null),
    ...DECIDED.map(([label, outcome]) => count(`Decided later: ${label.toLowerCase()}`, sum(earlier, outcome))).filter(
      ({ value }) => value !== 0,
    ),
  ];
}

/** Pipelines with most trouble first; of each what was due in the period, then what was due before. */
function inOrder(lines: KeptLine[]): KeptLine[] {
  const trouble = new Map<string, number>();
  for (const { pipelineId, missed, late } of lines)
    trouble.set(pipelineId, (trouble.get(pipelineId) ?? 0) + missed + late);
  const of = ({ pipelineId }: KeptLine) => trouble.get(pipelineId) ?? 0;
  return lines.toSorted(
    (a, b) =>
      of(b) - of(a) ||
      (a.name < b.name ? -1 : a.name > b.name ? 1 : 0) ||
      (a.pipelineId < b.pipelineId ? -1 : a.pipelineId > b.pipelineId ? 1 : 0) ||
      Number(a.isEarlier) - Number(b.isEarlier),
  );
}

const keptPercent = ({ onTime, late, missed }: Pick<KeptLine, 'onTime' | 'late' | 'missed'>) =>
  onTime + late + missed === 0 ? null : round((onTime / (onTime + late + missed)) * 100, 2);
