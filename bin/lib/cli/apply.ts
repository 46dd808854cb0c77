import type { MainspringClient } from 'mainspring/client';
import { asJson, type Context, type ExitCode } from './command.ts';
import { readDocuments } from './documents.ts';
import { firstError, inPortions, type PlanItem, planOf } from './plan.ts';
import { table } from './table.ts';

type Applied = Awaited<ReturnType<MainspringClient['gitops']['applyDocuments']['mutate']>>['items'][number];

const DEEDS = { create: 'create', save: 'save', publish: 'publish', none: 'nothing' } as const;

/**
 * `mainspring apply`: each document becomes the latest version of the pipeline of its name. Without `--yes` it only
 * says what it would do. Each document is applied as a whole or not at all, on top of the version that was looked at;
 * one that is refused does not keep the others from being applied: 1 then; else 3 when one was saved and waits for approval.
 * @throws MainspringError, after it has told what was applied before
 */
export async function apply(
  context: Context,
  options: { files: string[]; publish: boolean; yes: boolean },
): Promise<ExitCode> {
  const plan = await planOf(context.client, await readDocuments(options.files), options);
  return options.yes ? carryOut(context, plan, options.publish) : tell(context, plan);
}

function tell({ isJson, print }: Context, plan: PlanItem[]): ExitCode {
  const rows = plan.map((item) => {
    const error = firstError(item);
    const deed = error === '' ? deedOf(item) : 'invalid';
    return [item.name ?? item.place, deed, item.baseVersion === null ? '' : String(item.baseVersion), error];
  });
  if (isJson)
    print(
      asJson(
        plan.map(({ name, place, action, baseVersion, needsApproval, problems }) => ({
          ...{ name, place, action, baseVersion, needsApproval, problems },
        })),
      ),
    );
  else {
    print(table(['pipeline', 'would', 'version now', ''], rows));
    if (plan.some(({ action }) => action !== 'none')) print('Nothing was changed. --yes does it.\n');
  }
  return rows.some(([, deed]) => deed === 'invalid') ? 1 : 0;
}

const deedOf = ({ action, needsApproval }: PlanItem): string =>
  needsApproval ? `${DEEDS[action]}, needs approval` : DEEDS[action];

type Line = Applied & { place: string };

async function carryOut({ client, isJson, print }: Context, plan: PlanItem[], publish: boolean): Promise<ExitCode> {
  const applied: Line[] = [];
  const say = () => print(isJson ? asJson(applied) : asTable(applied));
  try {
    // In the order of the files: a later pipeline may read what an earlier one makes.
    for (const some of inPortions(plan, ({ document }) => document)) {
      const items = some.map(({ document, baseVersion }) => ({ document, baseVersion }));
      const answer = await client.gitops.applyDocuments.mutate({ items, publish });
      applied.push(...answer.items.map((item, at) => ({ ...item, place: some[at]!.place })));
    }
  } catch (error) {
    // What went before stays applied, so it is told before the error is.
    if (applied.length > 0) say();
    throw error;
  }
  say();
  if (applied.some(({ result }) => result === 'refused' || result === 'stale')) return 1;
  // A pipeline of others must not take for deployed what only waits.
  return applied.some(({ result }) => result === 'waiting') ? 3 : 0;
}

function asTable(applied: Line[]): string {
  const rows = applied.map(({ name, place, result, version, isPublished, message }) => [
    ...[name ?? place, result, version === null ? '' : String(version), isPublished ? 'live' : '', message],
  ]);
  return table(['pipeline', 'result', 'version', '', ''], rows);
}
