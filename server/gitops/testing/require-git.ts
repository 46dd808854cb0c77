import { spawnSync } from 'node:child_process';
import { requireComponent } from '#db/testing/index.ts';

/** Whether a test may run that needs git; loud when not. */
export const requireGit = () =>
  requireComponent(
    'git',
    spawnSync('git', ['http-backend'], { env: { ...process.env, PATH_INFO: '' } }).error === undefined,
    'apt-get install git',
  );
