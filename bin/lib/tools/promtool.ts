import { answers, aptInstall } from './install-step.ts';

/** The command itself where it runs, else null. */
export const findPromtool = (): string | null => (answers('promtool', ['--version']) ? 'promtool' : null);

/** Comes with the distribution's Prometheus. @returns what was done, in words */
export function installPromtool(): string {
  return aptInstall(['prometheus'])
    ? 'installed with apt-get'
    : 'comes with Prometheus: install it with your package manager, or put promtool from prometheus.io into the PATH';
}
