import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What `demo.json` of a running demo installation says. */
export type Installation = {
  baseUrl: string;
  workerUrl: string;
  tenantId: string;
  tenantSlug: string;
  apiKey: string;
  cronSecret: string;
  login: { email: string; password: string };
  pipelines: { id: string; name: string }[];
};

/** The installation under test, or the one whose home it is. */
export function readInstallation(home = process.env.E2E_HOME): Installation {
  if (!home) throw new Error('E2E_HOME is not set: run these tests with "npm run test:e2e".');
  return JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Installation;
}
