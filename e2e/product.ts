// The whole product as a user starts it, with bin/start's own program, on a throwaway home and free ports.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

const rootDir = resolve(import.meta.dirname, '..');
/** The first start on a machine also builds the pages. */
const START_TIMEOUT_MS = 240_000;
const STOP_TIMEOUT_MS = 60_000;

export type Product = { home: string; stop(): Promise<void> };

/** Starts it and waits until it can be used. Its logs are kept as `test-results/<logsAs>` when it has ended. */
export async function startProduct(env: Record<string, string>, logsAs: string): Promise<Product> {
  const home = mkdtempSync(join(tmpdir(), 'mainspring-e2e-'));
  const [port, workerPort] = await Promise.all([findFreePort(), findFreePort()]);
  const product = spawn(process.execPath, [join(rootDir, 'bin/lib/start.ts')], {
    cwd: rootDir,
    env: {
      ...process.env,
      ...{ MAINSPRING_HOME: home, PORT: String(port), WORKER_PORT: String(workerPort), DATABASE_URL: '' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await stopProduct(product);
    // A start that failed early has none, and its own message must not be lost over that.
    if (existsSync(join(home, 'logs')))
      cpSync(join(home, 'logs'), join(rootDir, 'test-results', logsAs), { recursive: true, force: true });
    discard(home);
  };
  try {
    await waitUntilRunning(product);
  } catch (error) {
    await stop();
    throw error;
  }
  return { home, stop };
}

/** Resolves with the line that tells a person the address; demo.json is written by then. */
function waitUntilRunning(product: ChildProcess): Promise<void> {
  return new Promise((done, fail) => {
    let output = '';
    const timer = setTimeout(() => fail(new Error(`The product did not start in time:\n${output}`)), START_TIMEOUT_MS);
    const read = (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (!output.includes('Mainspring is running at')) return;
      clearTimeout(timer);
      done();
    };
    product.stdout?.on('data', read);
    product.stderr?.on('data', read);
    product.once('exit', (code) => {
      clearTimeout(timer);
      fail(new Error(`The product ended with exit code ${code} while starting:\n${output}`));
    });
  });
}

function stopProduct(product: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (product.exitCode !== null || product.signalCode !== null) return done();
    const timer = setTimeout(() => product.kill('SIGKILL'), STOP_TIMEOUT_MS);
    product.once('exit', () => {
      clearTimeout(timer);
      done();
    });
    product.kill('SIGTERM');
  });
}

/** As root the database may live outside the home, where embedded.json says. */
function discard(home: string): void {
  try {
    const { place } = JSON.parse(readFileSync(join(home, 'embedded.json'), 'utf8')) as { place?: string };
    if (place && isAbsolute(place)) rmSync(place, { recursive: true, force: true });
  } catch {
    // It did not get as far as a database.
  }
  rmSync(home, { recursive: true, force: true });
}

function findFreePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? done(address.port) : fail(new Error('no free port')),
      );
    });
  });
}
