import { glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** Below this a header costs more than is saved, in bytes. */
const WORTH_BYTES = 1_024;
/** Of 11: the last two steps take ten times as long for a few percent. */
const BROTLI_QUALITY = 9;

/** Writes a `.br` and a `.gz` beside each script and style sheet of the build; the server sends them as they are. */
export async function compressAssets(clientDir: string): Promise<void> {
  const files: string[] = [];
  for await (const file of glob('assets/*.{js,css}', { cwd: clientDir })) files.push(join(clientDir, file));
  for (const file of files) {
    const text = await readFile(file);
    if (text.byteLength < WORTH_BYTES) continue;
    const options = { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
    await writeFile(`${file}.br`, await promisify(brotliCompress)(text, options));
    await writeFile(`${file}.gz`, await promisify(gzip)(text, { level: 9 }));
  }
}
