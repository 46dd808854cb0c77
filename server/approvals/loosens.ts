// Whether new rules of approval ask for less than those that hold. Pure.
import { hasLabel, parseLabelSelector } from '#server/ir/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { type Policy, readPolicy } from './policy.ts';

type Stage = Policy['stages'][number];

/** What the new rules would no longer ask for, in words; empty: they are as strict everywhere, and hold at once. */
export function loosens(before: Policy, after: Policy): string[] {
  // Rules that demand nothing cannot demand less.
  if (before.selectors.length === 0) return [];
  const told = before.selectors
    .filter((selector) => !after.selectors.some((other) => covers(other, selector)))
    .map((selector) => `pipelines labelled ${selector} would need no approval`);
  const lost = uncovered(before.stages, after.stages);
  if (lost) told.push(`no stage would ask for what "${lost.name}" asks for: ${wordsOf(lost)}`);
  if (after.expiryHours > before.expiryHours)
    told.push(`a request would wait ${after.expiryHours} hours and not ${before.expiryHours}`);
  if (after.allowSamePerson && !before.allowSamePerson && before.stages.length > 1)
    told.push('one person could approve in more than one stage');
  return told;
}

/** The same of stored rules. It fails closed: of rules that cannot be read nobody knows what they asked for. */
export function loosensStored(before: unknown, after: unknown): string[] {
  try {
    return loosens(readPolicy(before), readPolicy(after));
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return ['the stored rules cannot be read, so nobody can say that these ask for as much'];
  }
}

/** Whether every label that the second fits is fitted by the first, too. */
function covers(wide: string, narrow: string): boolean {
  const { key, value } = parseLabelSelector(narrow);
  const { value: wanted } = parseLabelSelector(wide);
  return value === null
    ? wanted === null && parseLabelSelector(wide).key === key
    : hasLabel({ [key]: value }, parseLabelSelector(wide));
}

const isAsStrict = (old: Stage, stage: Stage): boolean =>
  stage.approvers >= old.approvers && stage.roles.every((role) => old.roles.includes(role));

/** The first stage that none of the new ones stands for; each new one stands for one, and they keep their order. */
function uncovered(before: readonly Stage[], after: readonly Stage[]): Stage | null {
  let from = 0;
  for (const stage of before) {
    // The first that fits leaves the most for the stages behind it.
    const at = after.findIndex((candidate, place) => place >= from && isAsStrict(stage, candidate));
    if (at === -1) return stage;
    from = at + 1;
  }
  return null;
}

const wordsOf = ({ approvers, roles }: Stage): string =>
  `${approvers === 1 ? 'one person' : `${approvers} people`} who may be ${roles.join(' or ')}`;
