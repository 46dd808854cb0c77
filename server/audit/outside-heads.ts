// The chain's heads, kept where the database cannot reach: whoever rewrites or cuts off a chain in the database does
// not rewrite these. One file a month, only appended to; the log carries the same.
import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChainHead } from './seal.ts';

/** What was seen of a tenant's chain: hash by place. */
export type OutsideHeads = ReadonlyMap<number, string>;

const FILE = /^\d{4}-\d\d\.ndjson$/;

/** Below MAINSPRING_HOME. */
export const headsFolder = (home: string): string => join(home, 'audit-heads');

/** One line per head. A process killed in the middle leaves half a line, which reading passes over. */
export async function appendHeads(folder: string, heads: readonly ChainHead[], at: Date): Promise<void> {
  if (heads.length === 0) return;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const line = ({ tenantId, seq, hash }: ChainHead) =>
    `\n${JSON.stringify({ at: at.toISOString(), tenant: tenantId, seq, hash })}`;
  const text = `${heads.map(line).join('')}\n`;
  await appendFile(join(folder, `${at.toISOString().slice(0, 7)}.ndjson`), text, { mode: 0o600, flush: true });
}

/** All that was kept, by tenant; empty where nothing was. Files of earlier months are read in the order of time. */
export async function readHeads(folder: string): Promise<Map<string, OutsideHeads>> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = new Map<string, Map<number, string>>();
  for (const name of names.filter((one) => FILE.test(one)).sort()) {
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n')) {
      const head = parseHead(line);
      if (!head) continue;
      const ofTenant = found.get(head.tenant) ?? new Map<number, string>();
      // The first word counts: a chain that was cut off and grown again contradicts it.
      if (!ofTenant.has(head.seq)) ofTenant.set(head.seq, head.hash);
      found.set(head.tenant, ofTenant);
    }
  }
  return found;
}

const NONE: OutsideHeads = new Map();
export const outsideHeadsOf = (outside: ReadonlyMap<string, OutsideHeads>, tenantId: string): OutsideHeads =>
  outside.get(tenantId) ?? NONE;

function parseHead(line: string): { tenant: string; seq: number; hash: string } | null {
  try {
    const { tenant, seq, hash } = JSON.parse(line) as Record<string, unknown>;
    return typeof tenant === 'string' && typeof seq === 'number' && typeof hash === 'string'
      ? { tenant, seq, hash }
      : null;
  } catch {
    return null;
  }
}
