// What becomes different when one version takes the place of another, in the words of a confirmation.
import type { PipelineDocument } from '#server/web/index.ts';
import { sourceOf } from '../scheduler/schedule-words.tsx';

export interface Change {
  what: string;
  before: string | null;
  after: string | null;
}

type Node = PipelineDocument['nodes'][number];

function scheduleOf({ schedule }: PipelineDocument): string | null {
  if (schedule === null) return null;
  return `${schedule.kind} ${sourceOf(schedule)}${'timezone' in schedule ? ` (${schedule.timezone})` : ''}`;
}

/** A target in one line: where its rows go and how. */
export function targetOf(node: Node): string | null {
  if (node.kind !== 'target') return null;
  const { config } = node;
  if (config.type === 'table') return `table ${config.table} (${config.mode})`;
  if (config.type === 'file') return `file ${config.path}`;
  return `event ${config.eventType}`;
}

const same = (a: unknown, b: unknown) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/** The same value with its properties in one order: the database keeps none. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}

const words = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** What publishing `after` in the place of `before` (null: nothing is live) changes; empty when nothing does. */
export function changesOf(before: PipelineDocument | null, after: PipelineDocument): Change[] {
  const changes: Change[] = [];
  const add = (what: string, from: string | null, to: string | null) => {
    if (from !== to) changes.push({ what, before: from, after: to });
  };
  add('Schedule', before && scheduleOf(before), scheduleOf(after));
  for (const key of Object.keys(after.policies) as (keyof PipelineDocument['policies'])[]) {
    if (before && !same(before.policies[key], after.policies[key]))
      add(`Policy ${key}`, words(before.policies[key]), words(after.policies[key]));
  }
  const old = new Map((before?.nodes ?? []).map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  for (const [id, node] of now) {
    const was = old.get(id);
    const [from, to] = [was ? targetOf(was) : null, targetOf(node)];
    if (from !== null || to !== null) add(`Target ${id}`, from, to);
    if (!was) {
      if (to === null && before) add(`Step ${id}`, null, node.kind);
    } else if (!same(was, node) && from === to)
      changes.push({ what: `Step ${id}`, before: was.kind, after: 'changed' });
  }
  for (const [id, node] of old)
    if (!now.has(id)) add(targetOf(node) ? `Target ${id}` : `Step ${id}`, targetOf(node) ?? node.kind, null);
  if (before && !same(before.errorHandling, after.errorHandling))
    changes.push({ what: 'Retries, time-out and dead letters', before: 'as they were', after: 'changed' });
  if (before && !same(before.parameters, after.parameters))
    changes.push({ what: 'Parameters', before: 'as they were', after: 'changed' });
  return changes;
}
