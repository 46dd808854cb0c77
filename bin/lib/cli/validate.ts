import { asJson, type Context, type ExitCode } from './command.ts';
import { readDocuments } from './documents.ts';

/** `mainspring validate`: 1 when one of the documents has an error; warnings alone are fine. */
export async function validate({ client, isJson, print }: Context, options: { files: string[] }): Promise<ExitCode> {
  const documents = await readDocuments(options.files);
  const results = await Promise.all(
    documents.map(async ({ place, document, name }) => {
      const { ok, problems } = await client.pipelines.validate.query({ document });
      return { file: place, name, ok, problems };
    }),
  );
  if (isJson) print(asJson(results));
  else
    for (const { file, name, ok, problems } of results) {
      print(`${file}${name ? ` (${name})` : ''}: ${ok ? 'valid' : 'invalid'}\n`);
      for (const { severity, pointer, message, code } of problems)
        print(`  ${severity} at ${pointer || '/'}: ${message} (${code})\n`);
    }
  return results.every(({ ok }) => ok) ? 0 : 1;
}
