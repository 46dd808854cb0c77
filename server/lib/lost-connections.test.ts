import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { isLostConnection } from './lost-connections.ts';

it.each(['ECONNRESET', 'CONNECTION_CLOSED', '57P01', '57P03'])('%s is a lost connection', (code) => {
  expect(isLostConnection(Object.assign(new Error('gone'), { code }))).toBe(true);
});
it.each([new Error('read ECONNRESET'), Object.assign(new Error('x'), { code: '23505' }), 'ECONNRESET', null])(
  '%s is none',
  (reason) => {
    expect(isLostConnection(reason)).toBe(false);
  },
);

const run = (rejection: string) => {
  const path = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));
  const script = `const { outliveLostConnections } = await import(${path('./lost-connections.ts')});
    const { createLogger } = await import(${path('./log.ts')});
    outliveLostConnections(createLogger({ level: 'error', tier: 'test' }));
    void Promise.reject(${rejection});
    setTimeout(() => console.log('alive'), 50);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
};

it('a process outlives the rejection of a lost connection that nobody holds, and logs it', () => {
  const { status, stdout } = run("Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })");
  expect(status).toBe(0);
  expect(stdout).toContain('a connection was lost while it was being opened');
  expect(stdout).toContain('alive');
});

it('a process does not outlive any other, and logs it without the parameters of a statement', () => {
  const { status, stdout, stderr } = run(
    "Object.assign(new Error('Failed query: select $1\\nparams: canary'), { params: ['canary'] })",
  );
  expect([status, stderr]).toEqual([1, '']);
  expect(stdout).toContain('Failed query: select $1');
  expect(stdout).not.toMatch(/canary|alive/);
});

it('says so also of an error that is nothing to write home about elsewhere', () => {
  const errors = JSON.stringify(fileURLToPath(new URL('./errors.ts', import.meta.url)));
  const { status, stdout } = run(`new (await import(${errors})).ServiceError('EVENT_NOT_FOUND')`);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ level: 'fatal', code: 'EVENT_NOT_FOUND', errorId: expect.any(String) });
});
