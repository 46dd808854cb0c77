import { randomBytes } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findJsonFile, writeFileAtomically } from './atomic-file.ts';

/** What one installation keeps to itself. In a real installation these come from the environment instead. */
export type InstallationSecrets = {
  /** Shared secret of the cron routes. */
  cronSecret: string;
  /** 32 bytes in base64: the key of the encrypted connection store. */
  encryptionKey: string;
  /** Password of the database's owner, used when PostgreSQL is embedded. */
  ownerPassword: string;
  /** Password of the role that web and API connect as. */
  appPassword: string;
  /** Password of the role that workers connect as. */
  workerPassword: string;
  /** What the demo tenant's password and key are made from, so that they stay the same. */
  demoSecret: string;
};

const generators: Record<keyof InstallationSecrets, () => string> = {
  cronSecret: () => randomBytes(32).toString('base64url'),
  encryptionKey: () => randomBytes(32).toString('base64'),
  ownerPassword: () => randomBytes(24).toString('base64url'),
  appPassword: () => randomBytes(24).toString('base64url'),
  workerPassword: () => randomBytes(24).toString('base64url'),
  demoSecret: () => randomBytes(32).toString('base64url'),
};

/**
 * Reads `secrets.json` of a home and makes what is missing, once. Keys it does not know are kept.
 * A secret that exists is never replaced: passwords and encrypted rows in the database depend on it.
 */
export async function ensureSecrets(home: string): Promise<InstallationSecrets> {
  await ensureHome(home);
  const path = join(home, 'secrets.json');
  const kept = (await findJsonFile(path)) ?? {};
  const secrets = { ...kept };
  let isChanged = false;
  for (const [key, generate] of Object.entries(generators)) {
    const value = secrets[key];
    if (typeof value === 'string' && value !== '') continue;
    secrets[key] = generate();
    isChanged = true;
  }
  if (isChanged) await writeFileAtomically(path, `${JSON.stringify(secrets, null, 2)}\n`, 0o600);
  else await chmod(path, 0o600);
  return secrets as InstallationSecrets;
}

/**
 * Makes the home folder. It may be entered but not listed by others (0711): when Mainspring runs as root,
 * PostgreSQL runs as another user and its data may live inside. Every file with a secret has mode 0600 itself.
 */
export async function ensureHome(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o711 });
}
