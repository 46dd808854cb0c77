// A zip that is written as it is made, so that a bundle is never in memory, nor one of its files.
import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { configure, ZipWriter } from '@zip.js/zip.js';
import type { ReadableBlobStore } from '#server/files/index.ts';

// Its workers are a browser's; what compresses here is Node's own CompressionStream.
configure({ useWebWorkers: false });

export type BundleFile = { name: string; bytes: number; sha256: string };
export type AddFile = (name: string, chunks: AsyncIterable<Buffer | string>) => Promise<BundleFile>;

/**
 * Writes a zip to the store: `fill` adds its files one after the other. Nothing is there when it throws.
 * @throws what `fill` or the store throws.
 */
export async function writeZip(
  to: { blobs: ReadableBlobStore; location: string; signal: AbortSignal },
  fill: (add: AddFile) => Promise<void>,
): Promise<Omit<BundleFile, 'name'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  const body = new PassThrough();
  body.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  // Read by the store's pipeline; a listener alone would let it run.
  body.pause();
  const zip = new ZipWriter(
    new WritableStream<Uint8Array>({
      write: (chunk) =>
        new Promise<void>((resolve, reject) => {
          if (body.destroyed) return reject(body.errored ?? new Error('the store takes no more of the bundle'));
          if (body.write(chunk)) return resolve();
          body.once('drain', resolve);
          body.once('close', () => reject(body.errored ?? new Error('the store takes no more of the bundle')));
        }),
      close: () => void body.end(),
    }),
    { bufferedWrite: false, useWebWorkers: false },
  );
  const filled = (async () => {
    try {
      await fill((name, chunks) => addFile(zip, name, chunks));
      await zip.close();
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  })();
  const stored = to.blobs.putStream(to.location, body, to.signal);
  const [first] = (await Promise.allSettled([filled, stored])).filter((one) => one.status === 'rejected');
  if (first) throw first.reason;
  return { bytes, sha256: hash.digest('hex') };
}

async function addFile(
  zip: ZipWriter<unknown>,
  name: string,
  chunks: AsyncIterable<Buffer | string>,
): Promise<BundleFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* measured() {
    for await (const chunk of chunks) {
      const part = typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
      hash.update(part);
      bytes += part.length;
      yield new Uint8Array(part);
    }
  }
  const stream = Readable.toWeb(Readable.from(measured(), { objectMode: false })) as WebStream<Uint8Array>;
  await zip.add(name, stream as unknown as ReadableStream<Uint8Array>);
  return { name, bytes, sha256: hash.digest('hex') };
}
