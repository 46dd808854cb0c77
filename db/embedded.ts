import { chmod, realpath } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { findJsonFile, writeFileAtomically } from './atomic-file.ts';
import { prepareBinaries } from './embedded/binaries.ts';
import { choosePort, ensureCluster, ensureDatabase, ownerUrl, writeSettings } from './embedded/cluster.ts';
import { ensureRunAs } from './embedded/os-user.ts';
import { choosePlace } from './embedded/place.ts';
import { clearLeftovers, type Postmaster, startPostmaster, stopPostmaster } from './embedded/postmaster.ts';
import { getProcessIdentity, isSameProcessRunning, type ProcessIdentity } from './embedded/process-identity.ts';
import { rotateLog } from './embedded/rotate-log.ts';
import { ensureHome, ensureSecrets } from './secrets.ts';

export type EmbeddedDatabase = {
  /** Connection string of the owner, on 127.0.0.1 only. */
  url: string;
  port: number;
  dataDir: string;
  logFile: string;
  /** Number of the server's process. */
  pid: number;
  /** Resolves when the server ended, also by itself. */
  exited: Promise<void>;
  /** Fast shutdown; the data stays. Does nothing the second time. */
  stop(): Promise<void>;
};

/** What a home remembers of its database, in `embedded.json`. */
type Remembered = { place: string | null; port: number | null; startedBy: ProcessIdentity | null };

/**
 * Starts PostgreSQL 18 for this home: makes it the first time, keeps its data, port and password afterwards,
 * and recovers from whatever a kill -9 left behind. Refuses when another live process has it started.
 *
 * @param options.settings server settings that differ from the defaults, as `fsync: 'off'` for tests
 */
export async function startEmbedded(options: {
  home: string;
  log: (message: string) => void;
  settings?: Record<string, string>;
}): Promise<EmbeddedDatabase> {
  const { log } = options;
  await ensureHome(options.home);
  const home = await realpath(options.home);
  const { ownerPassword } = await ensureSecrets(home);
  const record = join(home, 'embedded.json');
  const remembered = await readRemembered(record);
  if (
    remembered.startedBy &&
    remembered.startedBy.pid !== process.pid &&
    (await isSameProcessRunning(remembered.startedBy))
  ) {
    throw new Error(`The database of ${home} is in use by process ${remembered.startedBy.pid}. Stop that one first.`);
  }

  const runAs = await ensureRunAs(log);
  const { place, record: recordedPlace } = await choosePlace(home, remembered.place, runAs, log);
  await clearLeftovers(join(place, 'data'), log);
  const binaries = await prepareBinaries(place, runAs, log);
  const { dataDir } = await ensureCluster({
    place,
    binaries,
    runAs,
    password: ownerPassword,
    isDurable: options.settings?.fsync !== 'off',
    log,
  });
  await writeSettings(dataDir, runAs, options.settings ?? {});
  const port = await choosePort(remembered.port, log);
  const startedBy = await getProcessIdentity(process.pid);
  const remember = (by: ProcessIdentity | null) =>
    writeFileAtomically(record, `${JSON.stringify({ place: recordedPlace, port, startedBy: by }, null, 2)}\n`);
  await remember(startedBy);

  const logFile = join(home, 'logs', 'postgres.log');
  await rotateLog(logFile);
  const postmaster = await startPostmaster({ binaries, dataDir, port, logFile, runAs });
  await chmod(logFile, 0o600);
  const stop = stopOnce(postmaster, dataDir, () => remember(null));
  try {
    const url = await ensureDatabase(port, ownerPassword);
    return { url, port, dataDir, logFile, pid: postmaster.pid, exited: postmaster.exited, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Where a home's database is and which process started it; null when the home has none. */
export async function findEmbedded(
  home: string,
): Promise<{ place: string; dataDir: string; port: number | null; startedBy: ProcessIdentity | null } | null> {
  const { place, port, startedBy } = await readRemembered(join(home, 'embedded.json'));
  if (place === null) return null;
  const folder = isAbsolute(place) ? place : join(await realpath(home), place);
  return { place: folder, dataDir: join(folder, 'data'), port, startedBy };
}

/** The owner's address of a home's database, whether it runs or not; null when the home has none. */
export async function findEmbeddedUrl(home: string): Promise<string | null> {
  const found = await findEmbedded(home);
  if (!found?.port) return null;
  const { ownerPassword } = await ensureSecrets(await realpath(home));
  return ownerUrl(found.port, ownerPassword);
}

function stopOnce(postmaster: Postmaster, dataDir: string, afterwards: () => Promise<void>): () => Promise<void> {
  let stopping: Promise<void> | null = null;
  return () => {
    stopping ??= stopPostmaster(postmaster.pid, dataDir).then(afterwards);
    return stopping;
  };
}

async function readRemembered(path: string): Promise<Remembered> {
  const value = await findJsonFile(path);
  const startedBy = value?.startedBy as Partial<ProcessIdentity> | null | undefined;
  const isIdentity = typeof startedBy?.pid === 'number' && typeof startedBy.mark === 'string';
  return {
    place: typeof value?.place === 'string' ? value.place : null,
    port: typeof value?.port === 'number' ? value.port : null,
    startedBy: isIdentity ? (startedBy as ProcessIdentity) : null,
  };
}
