import { count } from '../time/format.ts';
import { cn } from '../ui/cn.ts';
import { type DiffLine, diffLines, foldUnchanged } from './line-diff.ts';

interface DocumentDiffProps {
  before: string;
  after: string;
  /** What the two are: "version 3", "what you wrote". */
  beforeName: string;
  afterName: string;
}

const mark = { same: ' ', removed: '−', added: '+' } as const;
const colour = { same: '', removed: 'bg-bad-soft', added: 'bg-ok-soft' } as const;
const spoken = { same: '', removed: 'removed: ', added: 'added: ' } as const;

/** Two documents, line by line: what is only in the first, what is only in the second, and a little around it. */
export function DocumentDiff({ before, after, beforeName, afterName }: DocumentDiffProps) {
  const lines = diffLines(before, after);
  const changed = { removed: 0, added: 0, same: 0 };
  for (const { kind } of lines) changed[kind] += 1;
  if (changed.removed + changed.added === 0)
    return (
      <p className="p-4 text-muted">
        {beforeName} and {afterName} say the same.
      </p>
    );
  return (
    <div className="min-w-0">
      <p className="flex flex-wrap gap-x-4 px-4 py-2 text-muted text-xs">
        <span className="text-bad">
          − {count(changed.removed)} only in {beforeName}
        </span>
        <span className="text-ok">
          + {count(changed.added)} only in {afterName}
        </span>
      </p>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label={`Differences between ${beforeName} and ${afterName}`}
        className="overflow-x-auto border-line border-t bg-sunken"
      >
        <table className="w-full border-separate border-spacing-0 font-mono text-xs leading-5">
          <tbody>
            {foldUnchanged(lines).map((part, at) =>
              part.kind === 'skipped' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts have no other identity, and never move
                <tr key={at}>
                  <td colSpan={4} className="bg-idle-soft px-3 py-0.5 text-center font-sans text-idle">
                    {count(part.count)} {part.count === 1 ? 'line' : 'lines'} unchanged
                  </td>
                </tr>
              ) : (
                part.lines.map((line) => <Line key={`${line.before} ${line.after}`} line={line} />)
              ),
            )}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Line({ line }: { line: DiffLine }) {
  const number = 'w-10 select-none px-2 text-right text-faint tabular align-top max-sm:hidden';
  return (
    <tr className={colour[line.kind]}>
      <td className={number}>{line.before}</td>
      <td className={number}>{line.after}</td>
      <td className="w-5 select-none pl-2 align-top" aria-hidden>
        {mark[line.kind]}
      </td>
      <td className={cn('whitespace-pre pr-4', line.kind !== 'same' && 'text-ink')}>
        <span className="sr-only">{spoken[line.kind]}</span>
        {line.text}
      </td>
    </tr>
  );
}
