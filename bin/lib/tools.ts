import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { findOpenSearch, findPgbouncer } from '#db/testing/components.ts';
import { canRun, findSystemChromium } from './chromium.ts';
import { answers } from './tools/install-step.ts';
import { findKafkaAndJava, installKafka } from './tools/kafka.ts';
import { installOpenSearch } from './tools/opensearch.ts';
import { installPgbouncer } from './tools/pgbouncer.ts';
import { findPromtool, installPromtool } from './tools/promtool.ts';
import { findSchemathesis, installSchemathesis } from './tools/schemathesis.ts';
import { findToxiproxy, installToxiproxy } from './tools/toxiproxy.ts';
import { findVersitygw, installVersitygw } from './tools/versitygw.ts';

const rootDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** Where a tool is, or why there is none. */
export type ToolOutcome = { name: string; path: string | null; reason: string };
type Tool = { name: string; what: string; find: () => string | null; install: () => string };

/** Real components that tests use and npm does not bring. Each is kept outside the work tree. */
const tools: Tool[] = [
  {
    name: 'chromium',
    what: "the browser of the browser tests: the distribution's package as root, else Playwright's own download",
    find: () => findSystemChromium() ?? findPlaywrightChromium(),
    install: installChromium,
  },
  {
    name: 'kafka',
    what: 'the broker of the outbox tests: jars from Maven Central, run by Java 17 or newer',
    find: findKafkaAndJava,
    install: installKafka,
  },
  {
    name: 'toxiproxy',
    what: 'faults of the network in the outbox tests, built with Go',
    find: findToxiproxy,
    install: installToxiproxy,
  },
  {
    name: 'schemathesis',
    what: 'tries out the API by its own OpenAPI document; from PyPI, run by Python 3.10 or newer',
    find: findSchemathesis,
    install: installSchemathesis,
  },
  {
    name: 'opensearch',
    what: "the node of the SIEM's tests: jars from Maven Central, run by Java 17 or newer",
    find: () => (answers('java', ['-version']) ? findOpenSearch() : null),
    install: installOpenSearch,
  },
  {
    name: 'versitygw',
    what: 'the S3 server of the tests of blobs, built with Go',
    find: findVersitygw,
    install: installVersitygw,
  },
  {
    name: 'pgbouncer',
    what: "the transaction pooler before the database in a test of the worker; the distribution's package",
    find: findPgbouncer,
    install: installPgbouncer,
  },
  {
    name: 'promtool',
    what: "the checker of alert rules; comes with the distribution's prometheus",
    find: findPromtool,
    install: installPromtool,
  },
];

/** Finds each named tool (all without names) and installs what is missing. Never throws for a tool it cannot get. */
export function ensureTools(names: readonly string[]): ToolOutcome[] {
  const unknown = names.filter((name) => !tools.some((tool) => tool.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `No tool is called ${unknown.join(', ')}. There are: ${tools.map((tool) => tool.name).join(', ')}.`,
    );
  }
  const wanted = names.length === 0 ? tools : tools.filter((tool) => names.includes(tool.name));
  return wanted.map((tool) => {
    const present = tool.find();
    if (present) return { name: tool.name, path: present, reason: 'was there' };
    const reason = tool.install();
    return { name: tool.name, path: tool.find(), reason };
  });
}

function findPlaywrightChromium(): string | null {
  const path = chromium.executablePath();
  return existsSync(path) && canRun(path) ? path : null;
}

/** @returns what was tried, in words */
function installChromium(): string {
  const tried: string[] = [];
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (args: string[]) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env }).status === 0;
    const install = ['install', '-y', '--no-install-recommends', 'chromium'];
    if (!apt(install)) apt(['update']) && apt(install);
    if (findSystemChromium()) return 'installed with apt-get';
    tried.push('apt-get install chromium');
  }
  // Playwright keeps it in its own cache in the user's home, at the version this Playwright was made for.
  const cli = join(dirname(fileURLToPath(import.meta.resolve('@playwright/test/package.json'))), 'cli.js');
  const { status } = spawnSync(process.execPath, [cli, 'install', 'chromium'], {
    cwd: rootDir,
    stdio: ['ignore', 2, 2],
  });
  if (status === 0 && findPlaywrightChromium()) return 'downloaded by Playwright';
  tried.push('playwright install chromium');
  return `could not be installed; tried: ${tried.join(', then ')}. Install Chromium and set CHROMIUM_PATH to it`;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    console.log(
      `bin/tools [name…]   finds or installs what tests need besides npm's packages; without names all of it\n`,
    );
    for (const tool of tools) console.log(`  ${tool.name.padEnd(12)}${tool.what}`);
    process.exit(0);
  }
  const outcomes = ensureTools(positionals);
  for (const { name, path, reason } of outcomes) console.log(`${name}: ${path ?? 'SKIPPED'} (${reason})`);
  process.exit(outcomes.every(({ path }) => path !== null) ? 0 : 1);
}
