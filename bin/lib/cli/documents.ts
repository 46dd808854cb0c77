// Pipeline documents in files and folders: YAML with one or more documents, or JSON with one or a list of them.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCAL_YAML_LIMITS, readYaml } from '#server/ir/index.ts';
import { UsageError } from './usage.ts';

/** `place` is the file, with the line where it has several documents. */
export type FileDocument = { place: string; document: unknown; name: string | null };

const IS_DOCUMENT = /\.(ya?ml|json)$/i;
const IS_JSON = /\.json$/i;

/**
 * Reads everything before anything is done with the first. Of a folder every .yaml, .yml and .json file in it and below.
 * @throws UsageError for a file that cannot be read, and for two documents of one name
 */
export async function readDocuments(paths: string[]): Promise<FileDocument[]> {
  const files = await Promise.all(paths.map(filesOf));
  const documents = (await Promise.all(files.flat().map(readFileDocuments))).flat();
  for (const { name, place } of documents) {
    const twin = documents.find((other) => name !== null && other.name === name && other.place !== place);
    if (twin) throw new UsageError(`${place} and ${twin.place} both describe "${name}"; keep one of them`);
  }
  return documents;
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}`);
  });
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true });
  const files = entries.filter((entry) => IS_DOCUMENT.test(entry)).sort();
  if (files.length === 0) throw new UsageError(`${path} has no .yaml, .yml or .json file in it`);
  return files.map((file) => join(path, file));
}

async function readFileDocuments(file: string): Promise<FileDocument[]> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
  const documents = IS_JSON.test(file) ? fromJson(file, text) : fromYaml(file, text);
  return documents.map(({ place, document }) => ({ place, document, name: nameOf(document) }));
}

type Placed = { place: string; document: unknown };

function fromJson(file: string, text: string): Placed[] {
  try {
    const content: unknown = JSON.parse(text);
    if (!Array.isArray(content)) return [{ place: file, document: content }];
    return content.map((document, at) => ({ place: `${file}[${at}]`, document }));
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function fromYaml(file: string, text: string): Placed[] {
  const parts = readYaml(text, LOCAL_YAML_LIMITS);
  return parts.map(({ line, value, problem }) => {
    if (problem !== null) throw new UsageError(`${file} is not YAML: ${problem}`);
    return { place: parts.length === 1 ? file : `${file}:${line}`, document: value };
  });
}

function nameOf(document: unknown): string | null {
  const name = (document as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return typeof name === 'string' && name !== '' ? name : null;
}
