import { describe, expect, it } from 'vitest';
import { masterKeys, newDataKey, seal, unseal } from './master-key.ts';

const secret = 'an encryption key of at least 32 characters';

describe('what is sealed', () => {
  const key = newDataKey();
  const plain = Buffer.from('größe of a secret');

  it('opens with the same key about the same thing', () => {
    expect(unseal(key, seal(key, plain, 'a'), 'a')).toEqual(plain);
    expect(unseal(key, seal(key, Buffer.alloc(0), 'a'), 'a')).toEqual(Buffer.alloc(0));
  });

  it('is different each time and does not contain what was sealed', () => {
    const [one, two] = [seal(key, plain, 'a'), seal(key, plain, 'a')];
    expect(one.equals(two)).toBe(false);
    expect(one.includes(plain)).toBe(false);
  });

  it('opens neither with another key nor about another thing', () => {
    const sealed = seal(key, plain, 'tenant 1 row 1');
    expect(() => unseal(newDataKey(), sealed, 'tenant 1 row 1')).toThrow();
    expect(() => unseal(key, sealed, 'tenant 2 row 1')).toThrow();
    expect(() => unseal(key, sealed, '')).toThrow();
  });

  it('does not open when any one bit of it was changed, or it was cut', () => {
    const sealed = seal(key, plain, 'a');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at]! ^= 1;
      expect(() => unseal(key, changed, 'a'), `byte ${at}`).toThrow();
    }
    for (const length of [0, 11, 12, 27, sealed.length - 1])
      expect(() => unseal(key, sealed.subarray(0, length), 'a')).toThrow();
  });
});

describe('master keys', () => {
  it('are the same from the same text, and tell nothing by their id', () => {
    const [one] = masterKeys(secret);
    const [again, old] = masterKeys(secret, `${secret}!`);
    expect(again).toEqual(one);
    expect(old?.id).not.toBe(one.id);
    expect(one.key).toHaveLength(32);
    expect(one.key.toString('hex')).not.toContain(one.id);
  });
});
