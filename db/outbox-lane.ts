// The lane of an event, worked out here: asking the database for the lane of each event costs it some tenth of what storing the event does.
// It is the database's function `outbox_lane`, that is hashtextextended with seed 0: Bob Jenkins' lookup3 over the bytes (public domain,
// https://burtleburtle.net/bob/c/lookup3.c), as hash_bytes_extended in PostgreSQL's src/common/hashfn.c begins and ends it.

/** Seed of the three sums, beside the length. */
const SUM = (0x9e3779b9 + 3_923_095) | 0;
/** A power of two; `outbox_lane` has it too. */
export const LANES = 4;

const turned = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** 0 to LANES - 1. `tenantId` as PostgreSQL spells a uuid, but for the case of its letters. */
export function laneOf(tenantId: string, key: string): number {
  // The lowest bits of the hash are those of its third sum.
  return thirdSum(Buffer.from(`${tenantId.toLowerCase()} ${key}`)) & (LANES - 1);
}

function thirdSum(bytes: Buffer): number {
  let a = (SUM + bytes.length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    a = (a + bytes.readInt32LE(at)) | 0;
    b = (b + bytes.readInt32LE(at + 4)) | 0;
    c = (c + bytes.readInt32LE(at + 8)) | 0;
    a = (a - c) ^ turned(c, 4);
    c = (c + b) | 0;
    b = (b - a) ^ turned(a, 6);
    a = (a + c) | 0;
    c = (c - b) ^ turned(b, 8);
    b = (b + a) | 0;
    a = (a - c) ^ turned(c, 16);
    c = (c + b) | 0;
    b = (b - a) ^ turned(a, 19);
    a = (a + c) | 0;
    c = (c - b) ^ turned(b, 4);
    b = (b + a) | 0;
  }
  const left = bytes.length - at;
  // The lowest byte of the last sum stands for the length, which is in already.
  a = (a + wordAt(bytes, at, Math.min(left, 4))) | 0;
  b = (b + wordAt(bytes, at + 4, Math.min(left - 4, 4))) | 0;
  c = (c + (wordAt(bytes, at + 8, left - 8) << 8)) | 0;
  c = ((c ^ b) - turned(b, 14)) | 0;
  a = ((a ^ c) - turned(c, 11)) | 0;
  b = ((b ^ a) - turned(a, 25)) | 0;
  c = ((c ^ b) - turned(b, 16)) | 0;
  a = ((a ^ c) - turned(c, 4)) | 0;
  b = ((b ^ a) - turned(a, 14)) | 0;
  return ((c ^ b) - turned(b, 24)) | 0;
}

/** `count` bytes from `at` on as a number, the first the lowest; 0 for none. */
function wordAt(bytes: Buffer, at: number, count: number): number {
  let word = 0;
  for (let n = 0; n < count; n += 1) word |= (bytes[at + n] ?? 0) << (8 * n);
  return word;
}
