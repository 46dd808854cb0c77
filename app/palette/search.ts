// What the command palette finds. No page of its own: it answers the palette's questions with data.
import type { LoaderFunctionArgs } from '@remix-run/node';
import { data } from '@remix-run/node';
import type { PipelineListItem } from '#server/web/index.ts';
import { load } from '../api.server.ts';

/** Pipelines offered at once; who looks for another types more of its name. */
const FOUND = 8;

export type FoundPipeline = Pick<PipelineListItem, 'id' | 'name' | 'description' | 'liveVersion' | 'paused'> & {
  hasSchedule: boolean;
};

export async function loader(args: LoaderFunctionArgs) {
  const search = new URL(args.request.url).searchParams.get('search')?.trim().slice(0, 200) ?? '';
  const page = await load(args, (api) => api.pipelines.list({ limit: FOUND, ...(search ? { search } : {}) }));
  const items = page.items.map(
    ({ id, name, description, liveVersion, paused, schedule }): FoundPipeline => ({
      ...{ id, name, description, liveVersion, paused },
      hasSchedule: schedule !== null,
    }),
  );
  return data(
    { search, items, hasMore: page.nextCursor !== null },
    { headers: { 'Cache-Control': 'private, no-store' } },
  );
}
