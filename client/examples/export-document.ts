import type { MainspringClient } from 'mainspring/client';

/** The latest document of a pipeline as text that can be kept in Git. */
export async function exportDocument(client: MainspringClient, pipeline: string): Promise<string> {
  const { document } = await client.pipelines.ir.query({ id: pipeline });
  return `${JSON.stringify(document, null, 2)}\n`;
}
