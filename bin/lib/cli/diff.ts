import differences from 'microdiff';
import { LOCAL_YAML_LIMITS, readYaml } from '#server/ir/index.ts';
import { asJson, type Context, type ExitCode } from './command.ts';
import { readDocuments } from './documents.ts';
import { allNames } from './export.ts';
import { firstError, type PlanItem, planOf } from './plan.ts';

/**
 * `mainspring diff`: how documents in files stand to the pipelines of their names: 1 when any is changed, missing or
 * invalid. Pipelines that no file describes are named and are no difference: the files may be a part of all.
 */
export async function diff({ client, isJson, print }: Context, options: { files: string[] }): Promise<ExitCode> {
  const plan = await planOf(client, await readDocuments(options.files), { publish: false });
  const described = new Set(plan.map(({ name }) => name));
  const unmanaged = (await allNames(client)).filter((name) => !described.has(name));
  if (isJson) {
    const documents = plan.map((item) => ({
      name: item.name,
      place: item.place,
      state: item.state,
      changes: changesOf(item),
    }));
    print(asJson({ documents, unmanaged }));
  } else {
    for (const item of plan) {
      const error = firstError(item);
      print(`${item.name ?? item.place}: ${item.state}${error === '' ? '' : `: ${error}`}\n`);
      for (const { sign, place, words } of changesOf(item)) print(`  ${sign} ${place}${words}\n`);
    }
    if (unmanaged.length > 0) print(`Not in these files: ${unmanaged.join(', ')}\n`);
  }
  return plan.every(({ state }) => state === 'in_sync') ? 0 : 1;
}

type Change = { sign: '+' | '-' | '~'; place: string; words: string };

/** From what is here to what the file says; nothing for a pipeline that is not here. */
function changesOf({ here, wanted }: PlanItem): Change[] {
  if (here === null || wanted === null) return [];
  return differences(documentOf(here), documentOf(wanted)).map((change) => {
    const place = change.path.join('.');
    if (change.type === 'CREATE') return { sign: '+', place, words: `: ${JSON.stringify(change.value)}` };
    if (change.type === 'REMOVE') return { sign: '-', place, words: `: ${JSON.stringify(change.oldValue)}` };
    return { sign: '~', place, words: `: ${JSON.stringify(change.oldValue)} → ${JSON.stringify(change.value)}` };
  });
}

const documentOf = (yaml: string) => readYaml(yaml, LOCAL_YAML_LIMITS)[0]?.value as Record<string, unknown>;
