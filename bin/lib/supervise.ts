import { type ChildProcess, spawn } from 'node:child_process';
import { rotateLog } from '#db/embedded/rotate-log.ts';
import { openLog, readLogEnd } from './log-file.ts';

/** Restarts after a crash wait 1 s, then twice as long each time, to this. A minute of running resets it. */
const maxRestartDelayMs = 30_000;
const settledAfterMs = 60_000;
/** Exit code of a process whose environment is wrong: starting it again cannot help. */
const exitBadEnvironment = 2;

export type ChildOptions = {
  /** Shown to the user and the name of its log. */
  name: string;
  args: string[];
  cwd: string;
  env: Record<string, string | undefined>;
  logFile: string;
  /** Also receives each chunk of output (development). */
  onOutput?: (chunk: Buffer) => void;
  /** After a crash: start it again by itself, or wait for restart() (development: a file is about to change). */
  afterCrash: 'restart' | 'wait';
  /** Time to drain after SIGTERM; then SIGKILL. */
  drainMs: number;
  log: (message: string) => void;
  onStarted: (pid: number) => Promise<void>;
};

export type Supervised = {
  name: string;
  /** Rejects when the process cannot be kept running: it never became ready, or its environment is wrong. */
  failed: Promise<never>;
  /** From here on a crash is answered by a restart instead of by giving up. */
  markReady(): void;
  /** Stops it and starts it anew, with changed sources. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Without waiting for the drain. */
  kill(): void;
};

/** Keeps one Node process running until it is told to stop. Its output goes to its log file. */
export async function supervise(options: ChildOptions): Promise<Supervised> {
  const { name, log } = options;
  let child: ChildProcess | null = null;
  let isStopping = false;
  let isRestarting = false;
  let isReady = false;
  let crashes = 0;
  let restartTimer: NodeJS.Timeout | undefined;
  let giveUp: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // A failure that comes when nobody waits any more must not end this process before it has cleaned up.
  failed.catch(() => undefined);

  const onExit = async (ended: ChildProcess, code: number | null, signal: string | null, startedAtMs: number) => {
    if (child === ended) child = null;
    if (isStopping || isRestarting) return;
    const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
    if (options.afterCrash === 'wait') {
      log(`the ${name} process ${how}; it starts again when a file changes`);
      return;
    }
    if (code === exitBadEnvironment || !isReady) {
      giveUp(
        new Error(`The ${name} process ${how}. The end of ${options.logFile}:\n${await readLogEnd(options.logFile)}`),
      );
      return;
    }
    crashes = Date.now() - startedAtMs > settledAfterMs ? 1 : crashes + 1;
    const delayMs = Math.min(1000 * 2 ** (crashes - 1), maxRestartDelayMs);
    log(`the ${name} process ${how}; starting it again in ${delayMs / 1000} s (log: ${options.logFile})`);
    restartTimer = setTimeout(() => void start().catch(giveUp), delayMs);
  };

  const start = async () => {
    const startedAtMs = Date.now();
    const started = await spawnWithLog(options);
    child = started;
    child.once('exit', (code, signal) => void onExit(started, code, signal, startedAtMs));
    child.once('error', giveUp);
    if (child.pid !== undefined) await options.onStarted(child.pid);
  };

  await rotateLog(options.logFile);
  await start();
  return {
    name,
    failed,
    markReady: () => {
      isReady = true;
    },
    restart: async () => {
      if (isStopping || isRestarting) return;
      isRestarting = true;
      if (child) await stopChild(child, options.drainMs, () => undefined);
      isRestarting = false;
      if (!isStopping) await start();
    },
    stop: async () => {
      isStopping = true;
      clearTimeout(restartTimer);
      if (child)
        await stopChild(child, options.drainMs, () => log(`the ${name} process did not stop in time and is killed`));
    },
    kill: () => {
      isStopping = true;
      clearTimeout(restartTimer);
      child?.kill('SIGKILL');
    },
  };
}

async function spawnWithLog(options: ChildOptions): Promise<ChildProcess> {
  const logHandle = await openLog(options.logFile);
  try {
    // The log's descriptor is the child's own: it goes on writing even when this process is killed.
    const output = options.onOutput ? 'pipe' : logHandle.fd;
    const child = spawn(process.execPath, options.args, {
      cwd: options.cwd,
      env: options.env as NodeJS.ProcessEnv,
      stdio: ['ignore', output, output],
    });
    if (options.onOutput) {
      child.stdout?.on('data', options.onOutput);
      child.stderr?.on('data', options.onOutput);
    }
    return child;
  } finally {
    await logHandle.close();
  }
}

function stopChild(child: ChildProcess, drainMs: number, onLate: () => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      onLate();
      child.kill('SIGKILL');
    }, drainMs);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
