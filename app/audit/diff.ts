import differences from 'microdiff';

/** One place where before and after are not the same. */
export type Change = { place: string; kind: 'added' | 'removed' | 'changed'; before: unknown; after: unknown };

const isTree = (value: unknown): value is Record<string, unknown> | unknown[] =>
  typeof value === 'object' && value !== null;

/** Before against after, by place as `nodes.0.config`; a side that was not kept counts as empty. */
export function diffOf(before: unknown, after: unknown): Change[] {
  if ((isTree(before) || before === null) && (isTree(after) || after === null)) {
    const [from, to] = [before ?? (Array.isArray(after) ? [] : {}), after ?? (Array.isArray(before) ? [] : {})];
    return differences(from, to).map((change) => ({
      place: change.path.join('.'),
      kind: ({ CREATE: 'added', REMOVE: 'removed', CHANGE: 'changed' } as const)[change.type],
      before: 'oldValue' in change ? change.oldValue : undefined,
      after: 'value' in change ? change.value : undefined,
    }));
  }
  return Object.is(before, after) ? [] : [{ place: '', kind: 'changed', before, after }];
}
