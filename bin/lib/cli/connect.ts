// Where the server is and who asks: flags, then the environment, then the demo of this checkout.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMainspringClient, type MainspringClient } from 'mainspring/client';
import { UsageError } from './usage.ts';

export type ConnectFlags = { url?: string | undefined; key?: string | undefined; tenant?: string | undefined };

/** @throws UsageError when an address or a key is missing. */
export function connect(flags: ConnectFlags, environment: NodeJS.ProcessEnv, rootDir: string): MainspringClient {
  const url = flags.url ?? environment.MAINSPRING_URL;
  const key = flags.key ?? environment.MAINSPRING_API_KEY;
  const tenant = flags.tenant ?? environment.MAINSPRING_TENANT;
  // Half of the demo's settings with half of one's own would send a key to the wrong server.
  const demo = url || key ? null : readDemo(environment.MAINSPRING_HOME || join(rootDir, '.mainspring'));
  const [baseUrl, apiKey] = [url ?? demo?.baseUrl, key ?? demo?.apiKey];
  if (!baseUrl)
    throw new UsageError('which Mainspring? Give --url or set MAINSPRING_URL, or start the demo: bin/start');
  if (!apiKey) throw new UsageError('an API key is needed: give --key or, better, set MAINSPRING_API_KEY');
  if (!URL.canParse(baseUrl)) throw new UsageError(`"${baseUrl}" is no address: write it as http://127.0.0.1:3000`);
  return createMainspringClient({ baseUrl, apiKey, ...(tenant ? { tenantId: tenant } : {}) });
}

function readDemo(home: string): { baseUrl: string; apiKey: string } | null {
  try {
    return JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new UsageError(
      `${join(home, 'demo.json')} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}
