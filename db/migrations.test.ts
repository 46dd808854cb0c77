import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const folder = new URL('./migrations/', import.meta.url);
type Entry = { idx: number; when: number; tag: string };
const { entries } = JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8')) as { entries: Entry[] };

// A migration whose time lies before the newest one that a database has is never applied there: a gap in the numbers
// must stay one.
it('the journal lists every migration once, in the order in which databases get them', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'));
  expect(entries.map(({ tag }) => `${tag}.sql`)).toEqual(files.sort());
  for (const [index, { idx, when, tag }] of entries.entries()) {
    expect(Number(tag.slice(0, 4))).toBe(idx);
    const before = entries[index - 1];
    if (before) expect([idx > before.idx, when > before.when]).toEqual([true, true]);
  }
});
