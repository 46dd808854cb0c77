import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureSecrets } from './secrets.ts';

let home = '';

describe('the secrets of an installation', () => {
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'secrets-'));
  });
  afterEach(() => rm(home, { recursive: true, force: true }));

  it('are made once, kept, and readable by their owner only', async () => {
    const first = await ensureSecrets(home);
    expect(Buffer.from(first.encryptionKey, 'base64')).toHaveLength(32);
    expect(new Set(Object.values(first)).size).toBe(Object.keys(first).length);
    expect((await stat(join(home, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect(await ensureSecrets(home)).toEqual(first);
  });

  it('gain what a later release needs without touching what is there', async () => {
    await writeFile(join(home, 'secrets.json'), JSON.stringify({ cronSecret: 'mine', somethingElse: 'kept' }));
    const secrets = await ensureSecrets(home);
    expect(secrets.cronSecret).toBe('mine');
    expect(secrets.appPassword).not.toBe('');
    const written = JSON.parse(await readFile(join(home, 'secrets.json'), 'utf8')) as Record<string, unknown>;
    expect(written.somethingElse).toBe('kept');
    expect((await stat(join(home, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('are never replaced when the file is damaged: the error names it', async () => {
    await writeFile(join(home, 'secrets.json'), '{"cronSecret": "mi');
    await expect(ensureSecrets(home)).rejects.toThrow(/secrets\.json does not hold a JSON object/);
    expect(await readFile(join(home, 'secrets.json'), 'utf8')).toBe('{"cronSecret": "mi');
  });
});
