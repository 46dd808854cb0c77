// The partition of a key, as Kafka's own clients choose it, so that a key stays where other producers put it. kafkajs
// computes the same with BigInt, which costs more than the rest of a record; a test holds both to one answer.

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
/** Keys are written here; a longer one gets a buffer of its own. */
const scratch = Buffer.allocUnsafe(4_096);
const MAX_UTF8_PER_CHAR = 3;

export function partitionOf(key: string, partitions: number): number {
  const fits = key.length * MAX_UTF8_PER_CHAR <= scratch.length;
  const bytes = fits ? scratch : Buffer.from(key);
  return (murmur2(bytes, fits ? scratch.write(key) : bytes.length) & 0x7fffffff) % partitions;
}

function murmur2(bytes: Buffer, length: number): number {
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = length - at;
  if (rest === 3) hash ^= bytes[at + 2]! << 16;
  if (rest >= 2) hash ^= bytes[at + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
