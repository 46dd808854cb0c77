import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { say } from './say.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import type { Started } from './start-mainspring.ts';

const help = `bin/start          starts Mainspring and keeps it running until Ctrl-C
bin/start --dev    the same with hot reload (npm run dev)

Environment: PORT (3000), WORKER_PORT (3001), MAINSPRING_HOME (.mainspring in the repository) for all data, and
DATABASE_URL to use a PostgreSQL server of your own (16 or newer) in place of the embedded one. DEMO=false leaves
the demo tenant out; then "bin/mainspring init" makes the first people and tenant.`;

const rootDir = resolve(fileURLToPath(new URL('../..', import.meta.url)));

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { dev: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  process.env.MAINSPRING_HOME ||= join(rootDir, '.mainspring');
  process.env.DEMO ||= 'true';
  // Loaded only now, because env.ts reads the variables as it loads and ends the process when one is wrong.
  const [{ env }, { startMainspring }] = await Promise.all([import('#server/env.ts'), import('./start-mainspring.ts')]);

  const shutdown = createShutdown();
  const stopping = listenForStop(shutdown);
  const stopAsked = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve()));
  let exitCode = 0;
  try {
    const options = { rootDir, environment: env, isDevelopment: values.dev ?? false, log: say, signal: stopping };
    const started = await startMainspring(options, shutdown);
    printAddress(started);
    await Promise.race([stopAsked, started.failed]);
  } catch (error) {
    if (!stopping.aborted) {
      exitCode = 1;
      say(error instanceof Error ? error.message : String(error));
    }
  }
  for (const error of await shutdown.run()) {
    exitCode = 1;
    say(`while stopping: ${error.message}`);
  }
  if (stopping.aborted) say('stopped; all data is kept');
  process.exit(exitCode);
}

/** The first signal stops everything in order, the second at once. */
function listenForStop(shutdown: Shutdown): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) {
        say('stopping at once');
        shutdown.killAll();
        return;
      }
      say('stopping: web and worker finish what they are doing …');
      stopping.abort(new StopAsked());
    });
  }
  return stopping.signal;
}

class StopAsked extends Error {
  override name = 'StopAsked';
}

function printAddress({ baseUrl, demo, isInitialised }: Pick<Started, 'baseUrl' | 'demo' | 'isInitialised'>): void {
  const lines = ['', `  Mainspring is running at  ${baseUrl}`];
  if (demo) {
    lines.push(`  sign in as                ${demo.login.email}`);
    lines.push(`  password                  ${demo.login.password}`);
    lines.push(`  for scripts               ${demo.file}`);
  }
  if (!isInitialised)
    lines.push(
      '  Nobody can sign in yet. In another shell, with the same MAINSPRING_HOME and DATABASE_URL:',
      '    bin/mainspring init --email you@example.org --tenant acme',
    );
  lines.push('', '  Ctrl-C stops it. The data stays.', '', '');
  process.stdout.write(lines.join('\n'));
}

await main();
