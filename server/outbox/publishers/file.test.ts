import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { OutboxEvent } from '../publisher.ts';
import { createFilePublisher } from './file.ts';

const folders: string[] = [];
const makeFolder = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'mainspring-file-'));
  folders.push(dir);
  return dir;
};
afterAll(() => Promise.all(folders.map((dir) => rm(dir, { recursive: true, force: true }))));

const event = (id: string): OutboxEvent => ({
  ...{ seq: 1, id, tenantId: 't', type: 'thing.v1', key: 'k', payload: '{}', headers: {}, attempts: 0 },
  createdAtMs: Date.parse('2026-11-22T10:00:00.000Z'),
});
const context = { lane: 2, signal: new AbortController().signal, deadlineMs: 10_000 };

describe('a file that is rotated', () => {
  it('sorts after those before it, though the clock was set back or stands still', async () => {
    const dir = await makeFolder();
    await writeFile(join(dir, 'lane-2.2026-11-22T12-00-00.500Z.ndjson'), '{"id":"before"}\n');
    // Of another lane, and none of ours.
    await writeFile(join(dir, 'lane-1.2026-11-22T18-00-00.000Z.ndjson'), '');
    await writeFile(join(dir, 'lane-2.copy.ndjson'), '');
    const now = () => new Date('2026-11-22T11:00:00.000Z');
    const publisher = createFilePublisher({ dir, rotateBytes: 1, now });
    for (const id of ['first', 'second']) await publisher.publish([event(id)], context);
    const names = (await readdir(dir)).filter((name) => name.startsWith('lane-2.2026')).sort();
    expect(names).toEqual([
      'lane-2.2026-11-22T12-00-00.500Z.ndjson',
      'lane-2.2026-11-22T12-00-00.501Z.ndjson',
      'lane-2.2026-11-22T12-00-00.502Z.ndjson',
    ]);
    const texts = await Promise.all(names.map((name) => readFile(join(dir, name), 'utf8')));
    expect(texts.map((text) => (JSON.parse(text) as { id: string }).id)).toEqual(['before', 'first', 'second']);
  });

  it('has the time of its rotation in its name when no later one is there', async () => {
    const dir = await makeFolder();
    const now = () => new Date('2026-11-22T11:00:00.000Z');
    await createFilePublisher({ dir, rotateBytes: 1, now }).publish([event('only')], context);
    expect(await readdir(dir)).toEqual(['lane-2.2026-11-22T11-00-00.000Z.ndjson']);
  });
});
