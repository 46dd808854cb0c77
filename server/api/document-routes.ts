// The API's description: for machines as OpenAPI, for people as a page. Both say nothing that is secret, so
// neither needs a credential.
import { Hono } from 'hono';
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
  return app;
}
