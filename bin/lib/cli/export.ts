import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MainspringClient } from 'mainspring/client';
import { asJson, type Context, type ExitCode } from './command.ts';

/** `mainspring export`: the latest documents, to standard output or one file a pipeline. `apply` reads both. */
export async function exportDocuments(
  { client, isJson, print }: Context,
  options: { pipelines: string[]; outDir: string | undefined },
): Promise<ExitCode> {
  const names = options.pipelines.length > 0 ? options.pipelines : await allNames(client);
  const documents = await Promise.all(names.map(async (id) => (await client.pipelines.ir.query({ id })).document));
  if (options.outDir === undefined) {
    print(asJson(options.pipelines.length === 1 ? documents[0] : documents));
    return 0;
  }
  const folder = options.outDir;
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    documents.map(async (document) => {
      // A name is made of a-z, 0-9 and -, so it is a file name too.
      const file = join(folder, `${document.metadata.name}.json`);
      await writeFile(file, asJson(document));
      return file;
    }),
  );
  print(isJson ? asJson(files) : files.map((file) => `${file}\n`).join(''));
  return 0;
}

async function allNames(client: MainspringClient): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.pipelines.list.query({ limit: 200, cursor });
    names.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return names;
}
