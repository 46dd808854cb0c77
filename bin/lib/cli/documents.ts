// Pipeline documents in files: one object, or a list of them as "export" writes several.
import { readFile } from 'node:fs/promises';
import { UsageError } from './usage.ts';

export type FileDocument = { file: string; document: unknown; name: string | null };

/** Reads all files before anything is done with the first. @throws UsageError for one that is not JSON. */
export async function readDocuments(files: string[]): Promise<FileDocument[]> {
  const read = await Promise.all(files.map(readFileDocuments));
  return read.flat();
}

async function readFileDocuments(file: string): Promise<FileDocument[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
  try {
    const content: unknown = JSON.parse(text);
    return (Array.isArray(content) ? content : [content]).map((document) => ({
      file,
      document,
      name: nameOf(document),
    }));
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function nameOf(document: unknown): string | null {
  const name = (document as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return typeof name === 'string' && name !== '' ? name : null;
}
