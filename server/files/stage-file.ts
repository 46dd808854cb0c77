import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type postgres from 'postgres';
import { copyLine, copyRows } from './copy-rows.ts';
import { readCsv } from './read-csv.ts';
import { readLines } from './read-lines.ts';
import { readNdjson } from './read-ndjson.ts';
import { type FileRecord, UnreadableFileError } from './record.ts';
import type { InputFile } from './run-files.ts';

const READ_CHUNK_BYTES = 262_144;
/** One COPY message: large enough to be cheap, small enough to keep memory and back-pressure honest. */
const COPY_CHUNK_CHARS = 65_536;
/** Malformed lines are handed over in bunches, so that a file of nothing else needs no memory either. */
const BAD_BATCH = 100;
/** More than a DLQ payload may have, so that a cut line is seen to be cut there. */
const MAX_BAD_CHARS = 65_536;

/** The parts of a compiled file source that reading needs. */
export type StagedSource = {
  format: 'csv' | 'ndjson';
  csv: { delimiter: string; quote: string; header: boolean; nullText: string };
  columns: { field: string; type: string }[];
};
export type BadLine = { path: string; line: number; text: string; message: string };
export type StagedFile = { rows: number; badLines: number; bytes: number };

export type StageTarget = {
  connection: postgres.TransactionSql;
  /** `COPY … (path, line, c1 …) FROM STDIN`. */
  copyStatement: string;
  signal: AbortSignal;
  onBad: (lines: BadLine[]) => Promise<void>;
  onProgress: (rows: number) => void;
};

/**
 * Streams one file into its raw table. Malformed lines are set aside, not fatal.
 * @throws UnreadableFileError when the file as a whole is no input: no header, a missing column, not to be opened.
 */
export async function stageFile(
  root: string,
  file: InputFile,
  source: StagedSource,
  target: StageTarget,
): Promise<StagedFile> {
  const handle = await openInput(join(root, file.processingPath));
  try {
    const staged: StagedFile = { rows: 0, badLines: 0, bytes: 0 };
    const chunks = countBytes(handle, staged);
    const lines = readLines(chunks);
    const records = source.format === 'csv' ? readCsv(lines, source) : readNdjson(lines, source);
    await copyRows(target.connection, target.copyStatement, toCopy(file, records, staged, target), target.signal);
    return staged;
  } finally {
    await handle.close();
  }
}

/** Never through a link: the file was checked in the inbox and must still be the one that was checked. */
async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP' || code === 'EISDIR')
      throw new UnreadableFileError(`the file cannot be opened (${code}); check its permissions`);
    throw error;
  }
}

async function* countBytes(handle: FileHandle, staged: StagedFile): AsyncGenerator<Buffer> {
  const stream = handle.createReadStream({ highWaterMark: READ_CHUNK_BYTES, autoClose: false });
  for await (const chunk of stream) {
    staged.bytes += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
}

async function* toCopy(
  file: InputFile,
  records: AsyncIterable<FileRecord[]>,
  staged: StagedFile,
  target: StageTarget,
): AsyncGenerator<string> {
  let text = '';
  let bad: BadLine[] = [];
  for await (const batch of records) {
    for (const record of batch) {
      if (record.ok) {
        staged.rows += 1;
        text += copyLine([file.path, String(record.line), ...record.values]);
        if (text.length >= COPY_CHUNK_CHARS) {
          yield text;
          text = '';
        }
      } else {
        staged.badLines += 1;
        bad.push({
          path: file.path,
          line: record.line,
          text: record.text.slice(0, MAX_BAD_CHARS),
          message: record.message,
        });
        if (bad.length >= BAD_BATCH) {
          await target.onBad(bad);
          bad = [];
        }
      }
    }
    target.onProgress(staged.rows + staged.badLines);
  }
  if (bad.length > 0) await target.onBad(bad);
  if (text !== '') yield text;
}
