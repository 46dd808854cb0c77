// Events as NDJSON on the local disk: the default of an installation without a broker. One file per lane, because
// one publisher owns a lane: so the events of a key stand in their order in lane-<n>.ndjson, and in the files
// that were rotated away before it, lane-<n>.<instant>.ndjson. Their names sort in the order of their making, whatever the clock
// does: an instant that is not above the newest one there is put a millisecond above it.
import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createdAtOf, type EventPublisher, type OutboxEvent, PublisherUnavailableError } from '../publisher.ts';

/** A file is rotated when it has grown past this. */
const ROTATE_BYTES = 64_000_000;
const ROTATED = /^lane-(\d+)\.(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d\.\d{3}Z)\.ndjson$/;
const NEWLINE = 0x0a;

export type FilePublisherOptions = { dir: string; rotateBytes?: number; now?: () => Date };

/** Every batch is on the disk (fsync) before it counts as published. */
export function createFilePublisher(options: FilePublisherOptions): EventPublisher {
  const rotateBytes = options.rotateBytes ?? ROTATE_BYTES;
  const now = options.now ?? (() => new Date());
  return {
    backend: 'file',
    async publish(events, { lane, signal }) {
      await mkdir(options.dir, { recursive: true, mode: 0o700 });
      const path = join(options.dir, `lane-${lane}.ndjson`);
      const size = await append(path, Buffer.from(events.map(toLine).join('')), signal);
      if (size >= rotateBytes) {
        await rename(path, join(options.dir, `lane-${lane}.${await nextInstant(options.dir, lane, now())}.ndjson`));
        await syncFolder(options.dir);
      }
      return events.map(() => ({ kind: 'published' }) as const);
    },
    async close() {},
  };
}

/** As it stands in a file's name: the time, or just after the newest instant that a file of the lane has. */
async function nextInstant(dir: string, lane: number, now: Date): Promise<string> {
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const name of await readdir(dir)) {
    const [, ofLane, day, hours, minutes, seconds] = ROTATED.exec(name) ?? [];
    if (Number(ofLane) === lane) newestMs = Math.max(newestMs, Date.parse(`${day}T${hours}:${minutes}:${seconds}`));
  }
  return new Date(Math.max(now.getTime(), newestMs + 1)).toISOString().replaceAll(':', '-');
}

/** The payload goes in as text: parsing it would round numbers. */
function toLine(event: OutboxEvent): string {
  const { id, tenantId, type, key, headers } = event;
  const envelope = JSON.stringify({ id, tenantId, type, key, createdAt: createdAtOf(event), headers });
  return `${envelope.slice(0, -1)},"payload":${event.payload}}\n`;
}

async function append(path: string, lines: Buffer, signal: AbortSignal): Promise<number> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const content = (await endsTorn(file, size)) ? Buffer.concat([Buffer.from('\n'), lines]) : lines;
    signal.throwIfAborted();
    // One write in append mode is one piece among other writers; the loops of writeFile would not be.
    const { bytesWritten } = await file.write(content);
    if (bytesWritten < content.length)
      throw new PublisherUnavailableError(`${path}: ${bytesWritten} of ${content.length} bytes could be written`);
    await file.datasync();
    if (size === 0) await syncFolder(join(path, '..'));
    return size + bytesWritten;
  } finally {
    await file.close();
  }
}

/** A process killed in its write leaves a part of a line: it is ended, and readers skip it for not being JSON. */
async function endsTorn(file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  await folder.sync().finally(() => folder.close());
}
