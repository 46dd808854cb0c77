import differences from 'microdiff';

export type DocumentChange = {
  pointer: string;
  kind: 'added' | 'removed' | 'changed';
  before?: unknown;
  after?: unknown;
};

const KINDS = { CREATE: 'added', REMOVE: 'removed', CHANGE: 'changed' } as const;
const escaped = (part: string | number) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** Nodes by their id, so that a step put in front is not a change of all that follow. */
const byId = (document: object): object => {
  const nodes = (document as { nodes?: { id: string }[] }).nodes;
  return Array.isArray(nodes)
    ? { ...document, nodes: Object.fromEntries(nodes.map((node) => [node.id, node])) }
    : document;
};

/** What differs, at JSON pointers, in which a node stands under its id. A document that was not there counts as empty. */
export function documentChanges(before: object | null, after: object | null): DocumentChange[] {
  return differences(byId(before ?? {}), byId(after ?? {})).map((change) => ({
    pointer: change.path.map((part) => `/${escaped(part)}`).join(''),
    kind: KINDS[change.type],
    ...('oldValue' in change ? { before: change.oldValue } : {}),
    ...('value' in change ? { after: change.value } : {}),
  }));
}
