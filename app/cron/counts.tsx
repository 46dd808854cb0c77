import { count } from '../time/format.ts';
import { Dash } from '../ui/time.tsx';
import { spaced } from './looks.ts';

/** What a run counted; what came to nothing is left out where something did not. */
export function Counts({ counts }: { counts: Record<string, number> }) {
  const entries = Object.entries(counts);
  const shown = entries.filter(([, value]) => value !== 0);
  if (entries.length === 0) return <Dash why="Nothing counted" />;
  if (shown.length === 0) return <span className="text-faint text-xs">nothing to do</span>;
  return (
    <ul className="flex flex-wrap gap-x-3 text-xs">
      {shown.map(([name, value]) => (
        <li key={name} className="whitespace-nowrap">
          <span className="tabular font-medium">{count(value)}</span> <span className="text-muted">{spaced(name)}</span>
        </li>
      ))}
    </ul>
  );
}
