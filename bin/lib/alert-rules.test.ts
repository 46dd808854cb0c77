import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { requireComponent } from '#db/testing/require.ts';
import { findPromtool } from './tools/promtool.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'deploy/prometheus');
const ruleFiles = globSync('*.rules.yml', { cwd: folder });

type Rules = { groups: { rules: { alert?: string; annotations?: { runbook?: string } }[] }[] };

describe('alert rules', () => {
  it.each(ruleFiles)('of %s each name a runbook that is there', (file) => {
    const { groups } = parse(readFileSync(join(folder, file), 'utf8')) as Rules;
    const alerts = groups.flatMap(({ rules }) => rules).filter((rule) => rule.alert !== undefined);
    expect(alerts.length).toBeGreaterThan(0);
    for (const { alert, annotations } of alerts)
      expect(annotations?.runbook && existsSync(join(root, annotations.runbook)), alert).toBe(true);
  });
});

describe.skipIf(!requireComponent('promtool', findPromtool() !== null, 'bin/tools promtool'))('promtool', () => {
  it.each(ruleFiles)('finds nothing wrong with %s and its unit tests', (file) => {
    const check = spawnSync('promtool', ['check', 'rules', file], { cwd: folder, encoding: 'utf8' });
    expect(check.status, check.stdout + check.stderr).toBe(0);
    const tests = file.replace(/\.yml$/, '.test.yml');
    const run = spawnSync('promtool', ['test', 'rules', tests], { cwd: folder, encoding: 'utf8' });
    expect(run.status, run.stdout + run.stderr).toBe(0);
  });
});
