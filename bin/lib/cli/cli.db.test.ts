import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { sealBatch } from '#server/audit/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';

const rootDir = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const db = await testDatabase();
const there = await openInstallation(db, 'shell');
const apiKey = await there.key();
const folder = await mkdtemp(join(tmpdir(), 'mainspring-cli-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
await there.shop.sql('create table numbers (n int primary key); insert into numbers select generate_series(1, 5)');
await there.shop.sql('create table copies (n int)');

type Said = { code: number; out: string; err: string };

/** Runs the command as a shell would, with only these variables besides PATH. */
function execute(file: string, args: string[], environment: Record<string, string>): Promise<Said> {
  const env = { NODE_ENV: 'test' as const, PATH: process.env.PATH ?? '', HOME: folder, ...environment };
  return new Promise((done) => {
    execFile(file, args, { cwd: folder, env }, (error, out, err) =>
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err }),
    );
  });
}
const own = { MAINSPRING_URL: there.baseUrl, MAINSPRING_API_KEY: apiKey, MAINSPRING_TENANT: 'shell' };
const mainspring = (args: string[], environment: Record<string, string> = own) =>
  execute(process.execPath, [join(rootDir, 'bin/lib/cli/mainspring.ts'), ...args], environment);

const write = async (name: string, content: unknown) => {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(content));
  return file;
};
const documentOf = (name: string, more: object = {}) => ({
  ...{ kind: 'pipeline', version: '1.0', metadata: { name, labels: { env: 'test' } } },
  schedule: { kind: 'interval', minutes: 60 },
  nodes: copyTable('numbers', 'copies'),
  ...more,
});
const parsed = ({ out }: Said) => JSON.parse(out);

describe('mainspring', () => {
  it('validates documents: 0 when all are valid, 1 with the problems at their places', async () => {
    const good = await write('good.json', documentOf('good'));
    const bad = await write('bad.json', documentOf('bad', { nodes: copyTable('nowhere', 'copies') }));
    expect(await mainspring(['validate', good])).toEqual({ code: 0, out: `${good} (good): valid\n`, err: '' });
    const said = await mainspring(['validate', good, bad]);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/bad\.json \(bad\): invalid\n {2}error at \/nodes\/0.*nowhere/);
    const asJson = parsed(await mainspring(['validate', good, bad, '--json']));
    expect(asJson.map((result: { ok: boolean }) => result.ok)).toEqual([true, false]);
  });

  it('applies files: created, then unchanged, then saved, and live when asked', async () => {
    const one = await write('one.json', documentOf('one'));
    const results = async (args: string[]) =>
      parsed(await mainspring(['apply', '-f', one, '--yes', '--json', ...args])).map((row: Record<string, unknown>) => [
        ...[row.result, row.version, row.isPublished],
      ]);
    expect(await results([])).toEqual([['created', 1, false]]);
    expect(await results(['--publish'])).toEqual([['published', 1, true]]);
    expect(await results(['--publish'])).toEqual([['unchanged', 1, false]]);
    await write('one.json', documentOf('one', { metadata: { name: 'one', description: 'changed' } }));
    expect(await results(['--publish'])).toEqual([['saved', 2, true]]);
    const several = await write('several.json', [documentOf('two'), documentOf('three', { nodes: [] })]);
    const said = await mainspring(['apply', '-f', several, '--yes']);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/PIPELINE +RESULT +VERSION\ntwo +created +1\nthree +refused +\/nodes/);
  });

  it('only says what it would do without --yes', async () => {
    const file = await write('dry.json', [documentOf('one'), documentOf('dry'), documentOf('dry-too', { nodes: [] })]);
    const said = await mainspring(['apply', '-f', file, '--publish']);
    expect(said.out).toMatch(
      /PIPELINE +WOULD +VERSION NOW\none +save +2\ndry +create\ndry-too +invalid +\/nodes.*\nNothing was changed. --yes does it.\n/,
    );
    expect(said.code).toBe(1);
    expect((await mainspring(['export', 'dry'])).err).toContain('PIPELINE_NOT_FOUND');
  });

  it('saves nothing of a document that cannot go live, and says so', async () => {
    const file = await write('half.json', documentOf('half', { nodes: copyTable('nowhere', 'copies') }));
    const dry = await mainspring(['apply', '-f', file, '--publish']);
    expect([dry.code, dry.out]).toEqual([1, expect.stringMatching(/half +invalid +.*nowhere/)]);
    const said = await mainspring(['apply', '-f', file, '--publish', '--yes']);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/half +refused +.*nowhere/);
    expect((await mainspring(['export', 'half'])).err).toContain('PIPELINE_NOT_FOUND');
  });

  it('shows how files differ from what is there: 1 when they do', async () => {
    const file = join(folder, 'differs.yaml');
    const described = (await mainspring(['export', 'one'])).out;
    await writeFile(file, described.replace('minutes: 60', 'minutes: 30'));
    const said = await mainspring(['diff', '-f', file]);
    expect([said.code, said.out]).toEqual([
      1,
      'one: changed\n  ~ schedule.minutes: 60 → 30\nNot in these files: two\n',
    ]);
    await writeFile(file, described);
    const same = await mainspring(['diff', '-f', file, '--json']);
    expect([same.code, parsed(same)]).toEqual([
      0,
      { documents: [{ name: 'one', place: file, state: 'in_sync', changes: [] }], unmanaged: ['two'] },
    ]);
  });

  it('exports YAML that apply takes back unchanged, from a folder too', async () => {
    const one = await mainspring(['export', 'one']);
    expect(one.out).toMatch(/^---\nkind: pipeline\nversion: "?1\.0"?\nmetadata:\n {2}name: one\n/);
    expect(parsed(await mainspring(['export', '--json']))).toHaveLength(2);
    const out = join(folder, 'exported');
    const said = await mainspring(['export', 'one', 'two', '-o', out]);
    expect(said.out).toBe(`${join(out, 'one.yaml')}\n${join(out, 'two.yaml')}\n`);
    expect(`---\n${await readFile(join(out, 'one.yaml'), 'utf8')}`).toBe(one.out);
    const again = await mainspring(['apply', '-f', out, '--yes', '--json']);
    expect(parsed(again).map((row: { result: string }) => row.result)).toEqual(['unchanged', 'unchanged']);
  });

  it('reads a file of more than a hundred documents, as an export of them is', async () => {
    const file = join(folder, 'many.yaml');
    // JSON is YAML.
    const many = Array.from({ length: 101 }, (_, n) => JSON.stringify(documentOf(`many-${n}`)));
    await writeFile(file, many.map((one) => `---\n${one}\n`).join(''));
    const { out, code } = await mainspring(['diff', '-f', file]);
    expect(code).toBe(1);
    expect(out).toContain('many-100: missing');
  });

  it('runs a pipeline and waits: 0 when it succeeded, 1 when it failed', async () => {
    const queued = await mainspring(['run', 'one']);
    expect(queued).toMatchObject({ code: 0, out: expect.stringMatching(/^queued run [0-9a-f-]{36}\n$/) });
    const waited = await mainspring(['run', 'one', '--wait']);
    expect(waited).toMatchObject({ code: 0, out: expect.stringMatching(/succeeded; rows: 5 in, 5 out, 0 rejected/) });
    await there.shop.sql('alter table numbers rename to gone');
    const failed = await mainspring(['run', 'one', '--wait', '--json']);
    await there.shop.sql('alter table gone rename to numbers');
    expect([failed.code, parsed(failed).status]).toEqual([1, 'failed']);
    const unpublished = await mainspring(['run', 'two']);
    expect(unpublished).toMatchObject({ code: 1, err: expect.stringContaining('PIPELINE_NOT_PUBLISHED') });
  });

  it('shows the status of live pipelines, narrowed by label', async () => {
    const said = await mainspring(['status']);
    expect(said.out).toMatch(/^PIPELINE +SCHEDULE +LAST RUN +AT +LAG +NEXT\none +\S.* failed +\d{4}-/);
    const narrowed = parsed(await mainspring(['status', '--label', 'env:none', '--json']));
    expect(narrowed.items).toEqual([]);
  });

  it("finds the demo's server and key by itself, through the shell's own command", async () => {
    await write('demo.json', { baseUrl: there.baseUrl, apiKey });
    const command = join(rootDir, 'bin/mainspring');
    const said = await execute(command, ['status', '--json'], { MAINSPRING_HOME: folder });
    expect(parsed(said).items).toHaveLength(1);
    // A key of one's own is not sent to the demo.
    const half = await mainspring(['status'], { MAINSPRING_HOME: folder, MAINSPRING_API_KEY: 'ms_mine' });
    expect(half).toMatchObject({ code: 2, err: expect.stringContaining('which Mainspring?') });
  });

  it('verifies the audit log in the database itself and over HTTP: 0 when it is whole, 1 with the place when it is not', async () => {
    const inDatabase = { DATABASE_URL: db.ownerUrl, MAINSPRING_HOME: folder };
    const sealAndVerify = async () => {
      await sealBatch(db.worker, { limit: 1_000 });
      return (await mainspring(['audit', 'verify'], inDatabase)).out;
    };
    await expect
      .poll(sealAndVerify, { timeout: 90_000 })
      .toMatch(/^TENANT +CHECKED +UNSEALED +OUTSIDE HEADS +SEALED AT +CHAIN\n(?:.*\n)*?shell +\d+ +0 +0 +\S+ +whole\n/);
    expect((await mainspring(['audit', 'verify', '--tenant', 'nobody'], inDatabase)).code).toBe(2);
    const overHttp = await mainspring(['audit', 'verify', '--json']);
    expect([overHttp.code, parsed(overHttp)]).toMatchObject([0, [{ tenant: 'shell', isWhole: true }]]);
    await db.owner`update audit_log set actor_id = 'eve' where id = (
      select audit_id from audit_seals where seq = 2 and tenant_id = ${there.shop.tenant.id})`;
    for (const environment of [inDatabase, own]) {
      const said = await mainspring(['audit', 'verify'], environment);
      expect([said.code, said.out]).toEqual([
        1,
        expect.stringMatching(/NOT WHOLE at 2 \([0-9a-f-]{36}\): The row, or/),
      ]);
    }
    // A row is sealed once every older transaction of the cluster has ended.
  }, 150_000);

  it('answers 1 when the server refuses, with its code and the id in the log', async () => {
    const said = await mainspring(['status', '--key', 'ms_wrong']);
    expect(said).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/\(UNAUTHENTICATED, \S+ in the log\)/) });
  });

  it.each([
    [[], 'a command is needed'],
    [['dance'], 'there is no command "dance"'],
    [['constructor'], 'there is no command "constructor"'],
    [['audit'], 'audit takes one word'],
    [['run'], 'name a pipeline'],
    [['run', 'a', 'b'], 'name one pipeline, not 2'],
    [['run', 'a', '--publish'], '"run" takes no --publish'],
    [['run', 'a', '--param', 'x'], '--param takes name=value'],
    [['validate', 'absent.json'], 'absent.json cannot be read'],
    [['apply', '-f'], 'argument missing'],
    [['diff'], 'name a file'],
    [['diff', '-f', 'absent.yaml', '--yes'], '"diff" takes no --yes'],
    [['status', '--url', 'nonsense'], 'is no address'],
  ])('answers 2 to %j', async (args, message) => {
    const said = await mainspring(args);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain(message);
  });
});
