// The API's description: for machines as OpenAPI, for people as a page; and the schema that editors complete
// documents from. None of them says anything secret, so none needs a credential.
import { Hono } from 'hono';
import { pipelineJsonSchema } from '#server/ir/index.ts';
import { openApiDocument } from './openapi.ts';
import { referencePage } from './reference-page.ts';

/** Below /api/v1. Both are made from the code at the first request and kept. */
export function documentRoutes(): Hono {
  const app = new Hono();
  let made: { json: string; html: string } | null = null;
  const make = () => {
    const document = openApiDocument();
    made = { json: JSON.stringify(document), html: referencePage(document) };
    return made;
  };
  const headers = { 'Cache-Control': 'public, max-age=300' };
  app.get('/openapi.json', (c) =>
    c.body((made ?? make()).json, 200, { ...headers, 'Content-Type': 'application/json; charset=utf-8' }),
  );
  app.get('/reference', (c) => c.html((made ?? make()).html, 200, headers));
  let schema: string | null = null;
  app.get('/pipeline.schema.json', (c) => {
    schema ??= JSON.stringify(pipelineJsonSchema());
    return c.body(schema, 200, { ...headers, 'Content-Type': 'application/schema+json; charset=utf-8' });
  });
  return app;
}
