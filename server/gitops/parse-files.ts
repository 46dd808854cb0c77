import { type PipelineDocument, PipelineName, type Problem, parseDocument, readYaml } from '#server/ir/index.ts';
import { storableText } from '#server/lib/index.ts';
import { MAX_DOCUMENTS, MAX_PROBLEMS } from './limits.ts';
import type { Repository } from './read-repository.ts';
import { unreadable } from './unreadable.ts';

const MAX_PROBLEM_CHARS = 1_000;

/** One document of the repository: what it says, or what is wrong with it. */
export type ReadDocument = { file: string; line: number; name: string | null } & (
  | { document: PipelineDocument; problems: null }
  | { document: null; problems: Problem[] }
);

/**
 * Every document of these files, the wrong ones with their reasons. A name that stands twice is wrong everywhere: which
 * one is meant nobody can know. Lets other work go on between files: a large folder takes seconds.
 * @throws ServiceError REPOSITORY_UNREADABLE when there are too many; the signal's reason
 */
export async function parseFiles(
  { files, skipped }: Pick<Repository, 'files' | 'skipped'>,
  signal: AbortSignal,
): Promise<ReadDocument[]> {
  const found = skipped.map(({ path, reason }) => wrong({ file: path, line: 1, name: null }, reason));
  for (const { path, text } of files) {
    for (const part of readYaml(text)) {
      const name = nameOf(part.value);
      found.push(
        part.problem === null
          ? documentOf({ file: path, line: part.line, name }, part.value)
          : wrong({ file: path, line: part.line, name }, part.problem),
      );
    }
    if (found.length > MAX_DOCUMENTS)
      throw unreadable('too_large', `the folder has more than ${MAX_DOCUMENTS} documents`);
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
  return refuseTwins(found);
}

function documentOf(place: Omit<ReadDocument, 'document' | 'problems'>, value: unknown): ReadDocument {
  const parsed = parseDocument(value);
  return parsed.ok
    ? { ...place, name: parsed.doc.metadata.name, document: parsed.doc, problems: null }
    : { ...place, document: null, problems: parsed.problems.slice(0, MAX_PROBLEMS).map(storable) };
}

/** Problems quote what was written, and that may be text that no column takes. */
const storable = (problem: Problem): Problem => ({
  ...problem,
  pointer: storableText(problem.pointer, MAX_PROBLEM_CHARS),
  message: storableText(problem.message, MAX_PROBLEM_CHARS),
});

const wrong = (place: Omit<ReadDocument, 'document' | 'problems'>, message: string): ReadDocument => ({
  ...place,
  document: null,
  problems: [storable({ pointer: '', code: 'unreadable', message, severity: 'error' })],
});

/** What a document calls itself even when the rest of it is wrong: its pipeline is not unmanaged then. */
export function nameOf(value: unknown): string | null {
  const name = (value as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return PipelineName.safeParse(name).success ? (name as string) : null;
}

function refuseTwins(found: ReadDocument[]): ReadDocument[] {
  const byName = Map.groupBy(found, ({ name }) => name);
  return found.map((one) => {
    const twins = one.name === null ? [] : (byName.get(one.name) ?? []).filter((other) => other !== one);
    if (one.document === null || twins.length === 0) return one;
    const where = twins.map(({ file, line }) => `${file}:${line}`).slice(0, 5);
    return wrong(one, `"${one.name}" is also described in ${where.join(', ')}; keep one of them`);
  });
}
