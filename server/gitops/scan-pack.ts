// A pack of a megabyte can say that it unpacks to a gigabyte, and does. isomorphic-git unpacks first and compares
// sizes afterwards, so this reads the pack before it: what is declared is bounded, and inflating ends at the declared.
// Objects are bounded in number too: an empty one is nine bytes, and each costs whoever unpacks it the same.

import { setImmediate as otherWork } from 'node:timers/promises';
import { inflateSync } from 'node:zlib';
import { MAX_OBJECT_BYTES, MAX_OBJECTS, MAX_PACK_LINES, MAX_UNPACKED_BYTES } from './limits.ts';
import { unreadable } from './unreadable.ts';

const BAND_PACK = 1;
const OFS_DELTA = 6;
const REF_DELTA = 7;
const OBJECT_ID_BYTES = 20;

/** So many objects are looked at before other work of the process goes on. */
const OBJECTS_AT_A_TIME = 200;

type PackLimits = { maxObjectBytes: number; maxUnpackedBytes: number };
type ScanOptions = Partial<PackLimits> & { signal?: AbortSignal };

/**
 * The pack inside an answer of git-upload-pack: what its first band carries.
 * @throws ServiceError REPOSITORY_UNREADABLE for what is no such answer
 */
export function packOf(answer: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (let lines = 0; at + 4 <= answer.length; lines += 1) {
    if (lines === MAX_PACK_LINES)
      throw unreadable('protocol', `the repository answered in more than ${MAX_PACK_LINES} lines`);
    const length = Number.parseInt(answer.toString('latin1', at, at + 4), 16);
    if (Number.isNaN(length)) throw unreadable('protocol', 'the repository answered something that is not Git');
    // 0000 to 0003 are marks without content.
    if (length > 4 && answer[at + 4] === BAND_PACK) parts.push(answer.subarray(at + 5, at + length));
    at += Math.max(length, 4);
  }
  return Buffer.concat(parts);
}

/**
 * Lets other work go on in between: a large pack takes seconds.
 * @throws ServiceError REPOSITORY_UNREADABLE for a pack that is too large once unpacked, or broken; the signal's reason
 */
export async function scanPack(pack: Buffer, options: ScanOptions = {}): Promise<void> {
  const { maxObjectBytes = MAX_OBJECT_BYTES, maxUnpackedBytes = MAX_UNPACKED_BYTES, signal } = options;
  if (pack.length === 0) return;
  if (pack.length < 12 || pack.toString('latin1', 0, 4) !== 'PACK')
    throw unreadable('protocol', 'the repository sent a broken pack');
  const objects = pack.readUInt32BE(8);
  if (objects > MAX_OBJECTS)
    throw unreadable(
      'too_large',
      `the commit has ${objects} files and folders, more than ${MAX_OBJECTS}; keep documents in a repository of their own`,
    );
  let at = 12;
  let unpackedBytes = 0;
  for (let n = 0; n < objects; n += 1) {
    const object = scanObject(pack, at, { maxObjectBytes, maxUnpackedBytes });
    at = object.end;
    unpackedBytes += object.bytes;
    if (unpackedBytes > maxUnpackedBytes)
      throw unreadable('too_large', `the commit unpacks to more than ${maxUnpackedBytes} bytes`);
    if (n % OBJECTS_AT_A_TIME === 0) await otherWork();
    signal?.throwIfAborted();
  }
}

function scanObject(pack: Buffer, start: number, limits: PackLimits): { end: number; bytes: number } {
  const header = readSize(pack, start, 4);
  let at = header.end;
  const type = ((pack[start] ?? 0) >> 4) & 7;
  if (type === OFS_DELTA) at = skipNumber(pack, at);
  if (type === REF_DELTA) at += OBJECT_ID_BYTES;
  refuseLarge(header.value, limits);
  const { buffer, consumed } = inflate(pack.subarray(at), header.value);
  let bytes = header.value;
  if (type === OFS_DELTA || type === REF_DELTA) {
    // A delta begins with the sizes of what it is made from and of what it makes.
    const target = readSize(buffer, readSize(buffer, 0, 7).end, 7).value;
    refuseLarge(target, limits);
    bytes += target;
  }
  return { end: at + consumed, bytes };
}

function refuseLarge(bytes: number, { maxObjectBytes }: PackLimits): void {
  if (bytes > maxObjectBytes)
    throw unreadable(
      'too_large',
      `the commit has a file of ${bytes} bytes, more than ${maxObjectBytes}; keep documents in a repository of their own`,
    );
}

function inflate(deflated: Buffer, size: number): { buffer: Buffer; consumed: number } {
  try {
    const { buffer, engine } = inflateSync(deflated, { info: true, maxOutputLength: Math.max(1, size) }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { buffer, consumed: engine.bytesWritten };
  } catch {
    throw unreadable('protocol', 'the repository sent a broken pack');
  }
}

/** A number of 7 bits a byte, the first byte having `firstBits` of them, lowest first. */
function readSize(bytes: Buffer, start: number, firstBits: number): { value: number; end: number } {
  let at = start;
  let byte = bytes[at] ?? 0;
  let value = byte & (2 ** firstBits - 1);
  let factor = 2 ** firstBits;
  while (byte & 0x80) {
    at += 1;
    byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    factor *= 128;
  }
  return { value, end: at + 1 };
}

function skipNumber(bytes: Buffer, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) & 0x80) at += 1;
  return at + 1;
}
