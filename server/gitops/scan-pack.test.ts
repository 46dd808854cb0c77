import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packOf, scanPack } from './scan-pack.ts';

const BLOB = 3;
const OFS_DELTA = 6;

/** A size as packs write it: `firstBits` bits in the first byte, then seven a byte. */
function sizeBytes(size: number, firstBits: number, mark = 0): Buffer {
  const bytes = [mark | (size & (2 ** firstBits - 1))];
  for (let rest = Math.floor(size / 2 ** firstBits); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}
const object = (type: number, content: Buffer, size = content.length, base: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([sizeBytes(size, 4, type << 4), base, deflateSync(content)]);
function pack(...objects: Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  return Buffer.concat([head, ...objects, Buffer.alloc(20)]);
}
const line = (content: Buffer) =>
  Buffer.concat([Buffer.from((content.length + 4).toString(16).padStart(4, '0')), content]);

const limits = { maxObjectBytes: 100_000, maxUnpackedBytes: 250_000 };
const tooLarge = expect.objectContaining({ code: 'REPOSITORY_UNREADABLE', details: { reason: 'too_large' } });
const broken = expect.objectContaining({ code: 'REPOSITORY_UNREADABLE', details: { reason: 'protocol' } });

describe('looking at a pack before it is unpacked', () => {
  it('lets pass what is within the limits, object after object', async () => {
    const objects = ['a', 'b'.repeat(5_000), ''].map((text) => object(BLOB, Buffer.from(text)));
    await scanPack(pack(...objects), limits);
    await scanPack(Buffer.alloc(0), limits);
  });

  it('refuses an object that says it is too large, before it inflates it', async () => {
    const bomb = object(BLOB, Buffer.alloc(10), 4_000_000_000);
    await expect(scanPack(pack(bomb), limits)).rejects.toThrow(tooLarge);
  });

  it('refuses an object that is larger than it says', async () => {
    const liar = object(BLOB, Buffer.alloc(50_000_000), 10);
    expect(liar.length).toBeLessThan(100_000);
    await expect(scanPack(pack(liar), limits)).rejects.toThrow(broken);
  });

  it('refuses a delta that makes something too large of something small', async () => {
    const delta = Buffer.concat([sizeBytes(10, 7), sizeBytes(1_000_000_000, 7)]);
    await expect(scanPack(pack(object(OFS_DELTA, delta, delta.length, Buffer.from([5]))), limits)).rejects.toThrow(
      tooLarge,
    );
  });

  it('refuses many that are too large together', async () => {
    const objects = [1, 2, 3].map(() => object(BLOB, Buffer.alloc(90_000)));
    await expect(scanPack(pack(...objects), limits)).rejects.toThrow(tooLarge);
    await scanPack(pack(...objects.slice(1)), limits);
  });

  it('refuses what is no pack, or ends in the middle', async () => {
    await expect(scanPack(Buffer.from('nothing of the kind'), limits)).rejects.toThrow(broken);
    const whole = pack(object(BLOB, Buffer.from('some text that is packed')));
    await expect(scanPack(whole.subarray(0, 20), limits)).rejects.toThrow(broken);
  });

  it('refuses more objects than a repository of documents has, before it looks at the first', async () => {
    const many = pack();
    many.writeUInt32BE(50_001, 8);
    await expect(scanPack(many)).rejects.toThrow(tooLarge);
  });

  it('lets other work go on between many small objects, and ends when it is told to', async () => {
    const many = pack(...Array<Buffer>(5_000).fill(object(BLOB, Buffer.alloc(0))));
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 0);
    await scanPack(many);
    clearInterval(turn);
    expect(turns).toBeGreaterThan(2);

    const stop = new AbortController();
    const scan = scanPack(many, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(scan).rejects.toThrow('enough');
  });

  it('refuses an answer that is cut into nothing but marks', () => {
    expect(() => packOf(Buffer.from('0000'.repeat(100_001)))).toThrow(broken);
  });

  it('takes it out of the answer that carries it', () => {
    const content = pack(object(BLOB, Buffer.from('x')));
    const band = (number: number, part: Buffer) => line(Buffer.concat([Buffer.from([number]), part]));
    const parts = [line(Buffer.from('NAK\n')), band(2, Buffer.from('Counting')), band(1, content.subarray(0, 20))];
    const answer = Buffer.concat([...parts, band(1, content.subarray(20)), Buffer.from('0000')]);
    expect(packOf(answer)).toEqual(content);
    expect(() => packOf(Buffer.from('<html>'))).toThrow(broken);
  });
});
