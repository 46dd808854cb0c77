import { type MainspringClient, MainspringError } from 'mainspring/client';
import { asJson, type Context, type ExitCode } from './command.ts';
import { type FileDocument, readDocuments } from './documents.ts';
import { table } from './table.ts';
import { UsageError } from './usage.ts';

type Applied = {
  name: string;
  result: 'created' | 'saved' | 'unchanged' | 'invalid';
  version: number | null;
  /** Null when not asked for. */
  isPublished: boolean | null;
  message: string;
};

/**
 * `mainspring apply`: each document becomes the latest version of the pipeline of its name; applied twice it changes
 * nothing. A document that is refused does not keep the others from being applied: 1 then.
 */
export async function apply(
  { client, isJson, print }: Context,
  options: { files: string[]; publish: boolean },
): Promise<ExitCode> {
  const applied: Applied[] = [];
  // One after the other, in the order of the files: a later pipeline may read what an earlier one makes.
  for (const document of named(await readDocuments(options.files)))
    applied.push(await applyOne(client, document, options));
  const rows = applied.map(({ name, result, version, isPublished, message }) => [
    name,
    result,
    version === null ? '' : String(version),
    isPublished ? 'live' : '',
    message,
  ]);
  print(isJson ? asJson(applied) : table(['pipeline', 'result', 'version', '', ''], rows));
  return applied.some(({ result, message }) => result === 'invalid' || message !== '') ? 1 : 0;
}

type NamedDocument = FileDocument & { name: string };

/** @throws UsageError before anything is applied. */
function named(documents: FileDocument[]): NamedDocument[] {
  return documents.map(({ name, ...rest }) => {
    if (name === null) throw new UsageError(`${rest.file} has a document without metadata.name`);
    return { ...rest, name };
  });
}

async function applyOne(
  client: MainspringClient,
  { document, name }: NamedDocument,
  options: { publish: boolean },
): Promise<Applied> {
  try {
    const saved = await save(client, name, document);
    if (!options.publish) return { name, ...saved, isPublished: null, message: '' };
    return { name, ...saved, ...(await publish(client, name, saved.version)) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { name, result: 'invalid', version: null, isPublished: null, message: error.message };
  }
}

async function save(client: MainspringClient, name: string, document: unknown) {
  const latest = await client.pipelines.ir.query({ id: name }).catch((error: unknown) => {
    if (error instanceof MainspringError && error.code === 'PIPELINE_NOT_FOUND') return null;
    throw error;
  });
  if (!latest) return { result: 'created' as const, ...versionOf(await client.pipelines.create.mutate({ document })) };
  const baseVersion = latest.latestVersion;
  const { version } = await client.pipelines.saveIr.mutate({ id: name, baseVersion, document });
  return { result: version === baseVersion ? ('unchanged' as const) : ('saved' as const), version };
}

const versionOf = ({ version }: { version: number }) => ({ version });

/** What was saved stays saved when it cannot go live; the message says why. */
async function publish(client: MainspringClient, name: string, version: number) {
  try {
    await client.pipelines.publish.mutate({ id: name, version });
    return { isPublished: true, message: '' };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { isPublished: false, message: `not published: ${error.message}` };
  }
}

const isRefusal = (error: unknown): error is MainspringError =>
  error instanceof MainspringError && error.code === 'DOCUMENT_INVALID';
