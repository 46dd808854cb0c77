// ENCRYPTION_KEY and what it seals. AES-256-GCM: a 12-byte nonce, the cipher text, a 16-byte tag, in one piece.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export type MasterKey = {
  /** Says which key it is without telling it. */
  id: string;
  key: Buffer;
};

/** The first seals; the others are earlier ones that may still have to open something. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]];

/** From ENCRYPTION_KEY and, after it was changed, ENCRYPTION_KEY_OLD. */
export function masterKeys(current: string, ...old: (string | undefined)[]): MasterKeys {
  const derive = (text: string): MasterKey => {
    const key = Buffer.from(hkdfSync('sha256', text, '', 'mainspring master key v1', KEY_BYTES));
    return { key, id: createHash('sha256').update(key).digest('hex').slice(0, 16) };
  };
  return [derive(current), ...old.filter((text) => text !== undefined).map(derive)];
}

/** `about` is authenticated and not stored: what is sealed about one thing cannot be opened as another. */
export function seal(key: Buffer, plain: Buffer, about: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(about, 'utf8'));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** @throws Error when the key is another, or what is sealed was changed or belongs elsewhere */
export function unseal(key: Buffer, sealed: Buffer, about: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('what is sealed is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(about, 'utf8'));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

export const newDataKey = (): Buffer => randomBytes(KEY_BYTES);
