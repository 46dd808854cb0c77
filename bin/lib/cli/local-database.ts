import { join } from 'node:path';
import { findEmbeddedUrl } from '#db/embedded.ts';

export type LocalDatabase = { url: string; home: string };

/** The owner's database, where this machine has it: by DATABASE_URL, else the embedded one that runs in the home. */
export async function findLocalDatabase(
  environment: NodeJS.ProcessEnv,
  rootDir: string,
): Promise<LocalDatabase | null> {
  const home = environment.MAINSPRING_HOME || join(rootDir, '.mainspring');
  if (environment.DATABASE_URL) return { url: environment.DATABASE_URL, home };
  if (environment.MAINSPRING_URL || environment.MAINSPRING_API_KEY) return null;
  const url = await findEmbeddedUrl(home);
  return url ? { url, home } : null;
}
