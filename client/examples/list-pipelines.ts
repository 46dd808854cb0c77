import type { MainspringClient } from 'mainspring/client';

/** The names of all pipelines with these labels, page by page. */
export async function listPipelines(client: MainspringClient, label: string[]): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.pipelines.list.query({ label, limit: 100, cursor });
    names.push(...page.items.map((pipeline) => pipeline.name));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return names;
}
