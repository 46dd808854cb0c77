import { aptInstall } from './install-step.ts';

/** Comes with the distribution. @returns what was done, in words */
export function installPgbouncer(): string {
  return aptInstall(['pgbouncer']) ? 'installed with apt-get' : 'install pgbouncer with your package manager';
}
