import type { z } from 'zod';
import { type SQL, sql } from '#db/drizzle.ts';
import { inOrder, type Problem, writeYaml } from '#server/ir/index.ts';
import { decodeCursor, isUuid, query, ServiceError, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { GitopsDocument, GitopsDocumentDetail, ListDocumentsInput } from './schemas.ts';
import { DRIFT_STATES, type DriftState, driftRows } from './states.ts';

type Row = {
  id: string;
  name: string | null;
  state: DriftState;
  file: string | null;
  line: number | null;
  pipelineId: string | null;
  latestVersion: number | null;
  liveVersion: number | null;
  isLatest: boolean;
  isLive: boolean;
  problem: string | null;
  rank: number;
};

const columns = sql`r.id, r.name, r.state, r.file, r.line, r.pipeline_id as "pipelineId", r.latest_version as "latestVersion",
  r.live_version as "liveVersion", r.is_latest as "isLatest", r.is_live as "isLive", r.problems -> 0 ->> 'message' as problem`;

/** What needs a hand first. */
const rank = sql`array_position(array[${sql.join(
  DRIFT_STATES.map((state) => sql`${state}`),
  sql`, `,
)}]::text[], r.state)`;

/** Where nothing is known no pipeline is unmanaged either. */
const isKnown = (tenantId: string): SQL =>
  sql`exists (select from gitops_checks where tenant_id = ${tenantId} and commit_id is not null)`;

/** Documents and pipelines as they stand now, what needs a hand first; none while the repository cannot be read. */
export function listDocuments(ctx: Ctx, input: z.output<typeof ListDocumentsInput>) {
  return withTransaction(ctx, async (tx) => {
    const sought = input.search?.toLowerCase();
    const cursor = input.cursor ? decodeCursor(input.cursor, 3) : null;
    if (cursor && !(/^\d$/.test(cursor[0]!) && isUuid(cursor[2]!)))
      throw new ServiceError(
        'INPUT_INVALID',
        'cursor is not one this list gave out; leave it away to start from the top',
      );
    const rows = await query<Row>(
      tx,
      sql`select * from (select ${columns}, ${rank} as rank, coalesce(r.name, r.file) as place from ${driftRows(ctx.tenant.id)} r
          where ${isKnown(ctx.tenant.id)}
            and ${input.state === undefined ? sql`true` : sql`r.state = ${input.state}`}
            and ${
              sought
                ? sql`(position(${sought} in lower(r.name)) > 0 or position(${sought} in lower(r.file)) > 0)`
                : sql`true`
            }) x
        where ${cursor === null ? sql`true` : sql`(x.rank, x.place, x.id) > (${cursor[0]}::int, ${cursor[1]}, ${cursor[2]}::uuid)`}
        order by x.rank, x.place, x.id limit ${input.limit + 1}`,
    );
    const page = toPage(rows, input.limit, (row) => [String(row.rank), row.name ?? row.file ?? '', row.id]);
    return { items: page.items.map(toItem), nextCursor: page.nextCursor };
  });
}

function toItem({ rank: _rank, place: _place, ...row }: Row & { place?: string }): GitopsDocument {
  return row;
}

type DetailRow = Row & { document: unknown; problems: Problem[] | null; latest: unknown; live: unknown };

/**
 * One document with both sides as YAML.
 * @throws ServiceError GITOPS_DOCUMENT_NOT_FOUND
 */
export function getDocument(ctx: Ctx, input: { id: string }): Promise<GitopsDocumentDetail> {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<DetailRow>(
      tx,
      sql`select ${columns}, r.document, r.problems, r.latest, r.live from ${driftRows(ctx.tenant.id)} r
        where ${isKnown(ctx.tenant.id)} and ${isUuid(input.id) ? sql`(r.id = ${input.id} or r.pipeline_id = ${input.id})` : sql`r.name = ${input.id}`}
        order by r.file, r.line limit 1`,
    );
    if (!row)
      throw new ServiceError(
        'GITOPS_DOCUMENT_NOT_FOUND',
        `the last check has no document "${input.id.slice(0, 100)}"; a new check may have replaced it`,
      );
    const { document, problems, latest, live, ...item } = row;
    // What is saved first: a live version that differs only matters once the latest says what the repository says.
    const isOfLive = item.isLatest && !item.isLive;
    const here = isOfLive ? live : latest;
    return {
      ...item,
      problems: problems ?? [],
      here: here === null ? null : writeYaml(here),
      hereVersion: isOfLive ? item.liveVersion : item.latestVersion,
      repository: document === null ? null : writeYaml(inOrder(document)),
    };
  });
}
