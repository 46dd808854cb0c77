// Keeps a fresh file in each of the demo's inboxes, so that every fire finds one.
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Logger, logError } from '#server/lib/index.ts';
import { type DataSet, fileDataSets } from './data-sets.ts';

const LOOK_MS = 3_000;
/** Archived demo files are kept for a day. */
const KEEP_MS = 86_400_000;

export type FeederConfig = { filesDir: string; tenantSlug: string; log: Logger };

/** Drops the data set's next slice unless an unread file is still there. Returns the file's name, or null. */
export async function dropSlice(inboxRoot: string, set: DataSet, now: Date): Promise<string | null> {
  const folder = join(inboxRoot, set.inbox);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const waiting = (await readdir(folder)).some((name) => name.endsWith(`.${set.extension}`));
  if (waiting) return null;
  const slices = Math.ceil(set.lines.length / set.sliceLines);
  const slice = Math.floor(now.getTime() / 60_000) % slices;
  const lines = set.lines.slice(slice * set.sliceLines, (slice + 1) * set.sliceLines);
  const name = `${set.inbox}-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}.${set.extension}`;
  // Written aside and renamed, as every sender should: a half-written file is never read.
  const partial = join(folder, `.${name}.partial`);
  await writeFile(partial, `${[...(set.header === null ? [] : [set.header]), ...lines].join('\n')}\n`);
  await rename(partial, join(folder, name));
  return name;
}

/** Drops the first files at once and goes on until stopped. */
export function demoFeeder(config: FeederConfig) {
  const root = join(config.filesDir, config.tenantSlug);
  let timer: NodeJS.Timeout | undefined;
  let sets: DataSet[] | null = null;
  let prunedAt = 0;

  async function turn(): Promise<void> {
    try {
      sets ??= await fileDataSets();
      for (const set of sets) await dropSlice(root, set, new Date());
      if (Date.now() - prunedAt > KEEP_MS / 24) {
        prunedAt = Date.now();
        await pruneArchive(join(root, '.archive'), sets);
      }
    } catch (error) {
      logError(config.log, error, 'the demo feeder could not drop a file');
    }
    timer = setTimeout(() => void turn(), LOOK_MS);
    timer.unref();
  }

  return {
    start: () => turn(),
    stop: () => clearTimeout(timer),
  };
}

/** Only files that the feeder dropped: people may try the demo tenant with their own. */
async function pruneArchive(folder: string, sets: readonly DataSet[]): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) {
    if (!sets.some((set) => basename(name).startsWith(`${set.inbox}-`))) continue;
    const path = join(folder, name);
    const info = await stat(path).catch(() => null);
    if (info?.isFile() && Date.now() - info.mtimeMs > KEEP_MS) await rm(path, { force: true });
  }
}
