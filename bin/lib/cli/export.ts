import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MainspringClient } from 'mainspring/client';
import { writeYaml } from '#server/ir/index.ts';
import { asJson, type Context, type ExitCode } from './command.ts';

/** `mainspring export`: the latest documents as YAML, to standard output or one file a pipeline. `apply` reads both. */
export async function exportDocuments(
  { client, isJson, print }: Context,
  options: { pipelines: string[]; outDir: string | undefined },
): Promise<ExitCode> {
  const names = options.pipelines.length > 0 ? options.pipelines : await allNames(client);
  const documents = await Promise.all(names.map(async (id) => (await client.pipelines.ir.query({ id })).document));
  if (options.outDir === undefined) {
    if (isJson) print(asJson(options.pipelines.length === 1 ? documents[0] : documents));
    else print(documents.map((document) => `---\n${writeYaml(document)}`).join(''));
    return 0;
  }
  const folder = options.outDir;
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    documents.map(async (document) => {
      // A name is made of a-z, 0-9 and -, so it is a file name too.
      const file = join(folder, `${document.metadata.name}.yaml`);
      await writeFile(file, writeYaml(document));
      return file;
    }),
  );
  print(isJson ? asJson(files) : files.map((file) => `${file}\n`).join(''));
  return 0;
}

/** Every pipeline's. */
export async function allNames(client: MainspringClient): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.pipelines.list.query({ limit: 200, cursor });
    names.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return names;
}
