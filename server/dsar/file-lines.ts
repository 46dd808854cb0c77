// What becomes of each line of an exported file. The database decides, by the rules that hold for rows, many lines at a
// time; a line need not be JSON: a file that was cut off or filled with zeros must not keep an erasure from its end.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, transaction } from '#server/lib/index.ts';
import { BATCH_CHARS, BATCH_LINES } from './config.ts';
import type { Erasure } from './erase.ts';
import { linesOf } from './lines.ts';
import { inJson } from './match.ts';

/**
 * `after`: null when the line goes. `isKept`: it names the subject and stays, because its customer is on hold.
 * `isPossible`: the letters of the id are left in it, apart from others, and may be something else.
 */
export type Verdict = { before: string; after: string | null; isKept: boolean; isPossible: boolean };

/** Each line of a file in its order; none where there is no such file. */
export async function* verdicts(erasure: Erasure, key: string): AsyncGenerator<Verdict> {
  const stream = await erasure.deps.blobs.read(key);
  if (!stream) return;
  try {
    let batch: string[] = [];
    let chars = 0;
    for await (const line of linesOf(stream)) {
      batch.push(line);
      chars += line.length;
      if (batch.length < BATCH_LINES && chars < BATCH_CHARS) continue;
      yield* await judge(erasure, batch);
      [batch, chars] = [[], 0];
    }
    yield* await judge(erasure, batch);
  } finally {
    stream.destroy();
  }
}

async function judge({ deps, tenant, request }: Erasure, lines: string[]): Promise<Verdict[]> {
  const { customerId } = request;
  const letters = inJson(customerId);
  const made = lines.map((before): Verdict => ({ before, after: before, isKept: false, isPossible: false }));
  const named = made.flatMap((verdict) => {
    if (!verdict.before.includes(letters)) return [];
    const customer = customerOf(verdict.before);
    if (customer === customerId) verdict.after = null;
    return customer === customerId ? [] : [{ verdict, customer }];
  });
  if (named.length === 0) return made;
  const asked = named.map(({ verdict, customer }) => ({ line: verdict.before, customer }));
  const said = await redactLines(deps.pool, tenant.id, asked, customerId);
  for (const [i, { verdict }] of named.entries()) {
    const { line, isHeld, mayName } = said[i]!;
    verdict.isKept = isHeld && line !== verdict.before;
    verdict.isPossible = mayName && !verdict.isKept;
    if (!isHeld) verdict.after = line;
  }
  return made;
}

/** Whose line it is, also where the rest of it is missing; null when it does not say. */
function customerOf(line: string): string | null {
  try {
    const { customerId } = JSON.parse(line) as { customerId?: unknown };
    return typeof customerId === 'string' ? customerId : null;
  } catch {
    const [, quoted] = /"customerId"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
    return quoted === undefined ? null : parsed(quoted);
  }
}

function parsed(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}

type Asked = { line: string; customer: string | null };

/** Lines without the subject. U+0000, which PostgreSQL takes in no text, parts a line into pieces. */
async function redactLines(pool: Pool, tenantId: string, asked: Asked[], customerId: string) {
  const letters = inJson(customerId);
  const pieces = asked.flatMap(({ line, customer }, no) =>
    line.split('\0').map((piece) => ({ no, piece, customer: customer?.includes('\0') ? null : customer })),
  );
  const said = await transaction(pool, { tenantId }, (tx) =>
    query<{ no: number; piece: string; isHeld: boolean; mayName: boolean }>(
      tx,
      sql`select p.no, l.piece, dsar_may_name(l.piece, ${letters}) as "mayName", exists (select from retention_holds h
          where h.tenant_id = ${tenantId} and h.released_at is null and h.customer_id = p.customer) as "isHeld"
        from rows from (jsonb_to_recordset(${JSON.stringify(pieces)}::text::jsonb)
          as (no int, piece text, customer text)) with ordinality p (no, piece, customer, place),
          lateral (select dsar_redact_line(p.piece, ${customerId}) as piece) l order by p.place`,
    ),
  );
  const lines = asked.map(() => ({ pieces: [] as string[], isHeld: false, mayName: false }));
  for (const { no, piece, isHeld, mayName } of said) {
    lines[no]!.pieces.push(piece);
    lines[no]!.isHeld = isHeld;
    lines[no]!.mayName ||= mayName;
  }
  return lines.map(({ pieces: parts, ...told }) => ({ line: parts.join('\0'), ...told }));
}
