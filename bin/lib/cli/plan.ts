import type { MainspringClient } from 'mainspring/client';
import type { FileDocument } from './documents.ts';

type Plan = Awaited<ReturnType<MainspringClient['gitops']['planDocuments']['query']>>;
export type PlanItem = Plan['items'][number] & { place: string; document: unknown };

/** Well below the server's limits of documents and of a request's bytes. */
const MAX_DOCUMENTS = 50;
const MAX_BYTES = 400_000;

/** What applying these documents would do, in their order. Changes nothing. */
export async function planOf(
  client: MainspringClient,
  documents: FileDocument[],
  options: { publish: boolean },
): Promise<PlanItem[]> {
  const items: PlanItem[] = [];
  for (const some of inPortions(documents, ({ document }) => document)) {
    const plan = await client.gitops.planDocuments.query({
      documents: some.map(({ document }) => document),
      publish: options.publish,
    });
    items.push(...plan.items.map((item, at) => ({ ...item, place: some[at]!.place, document: some[at]!.document })));
  }
  return items;
}

/** Lists that each fit into one request. */
export function inPortions<T>(all: T[], documentOf: (one: T) => unknown): T[][] {
  const portions: T[][] = [];
  let bytes = 0;
  for (const one of all) {
    const size = Buffer.byteLength(JSON.stringify(documentOf(one)) ?? '');
    const last = portions.at(-1);
    if (last && last.length < MAX_DOCUMENTS && bytes + size <= MAX_BYTES) {
      last.push(one);
      bytes += size;
    } else {
      portions.push([one]);
      bytes = size;
    }
  }
  return portions;
}

/** The first thing that is wrong with a document, and where; '' when nothing is. */
export function firstError({ problems }: Pick<PlanItem, 'problems'>): string {
  const error = problems.find(({ severity }) => severity === 'error');
  return error ? `${error.pointer || '/'}: ${error.message}` : '';
}
