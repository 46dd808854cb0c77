// The OpenAPI 3.1 document, made from the router: what is not in a procedure's metadata is not in the document.
import { z } from 'zod';
import { ERROR_CODES } from '#server/lib/index.ts';
import { collectSchemas, type JsonSchema, type Schemas } from './json-schemas.ts';
import { byStatus, errorsOf } from './operation-errors.ts';
import { plainRoutes, problemResponse } from './plain-routes.ts';
import { type RestRoute, restRoutes } from './rest.ts';

export type OpenApiParameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
};
export type OpenApiOperation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  security: Record<string, string[]>[];
  parameters?: (OpenApiParameter | { $ref: string })[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<
    string,
    { description: string; headers?: JsonSchema; content?: Record<string, { schema: unknown }> }
  >;
};
export type OpenApiDocument = {
  openapi: '3.1.0';
  info: { title: string; version: string; description: string };
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { schemas: Record<string, JsonSchema>; parameters: Record<string, OpenApiParameter> } & JsonSchema;
};

const BASE = '/api/v1';

const DESCRIPTION = [
  'Everything a page of Mainspring can do. A request carries an API key as `Authorization: Bearer ms_…` or `X-API-Key`;',
  "`X-Tenant-Id` is optional and must name the key's own tenant. Bodies are JSON objects.",
  '',
  'Lists answer `{items, nextCursor}`: send `nextCursor` back as `cursor` for the next page, until it is null.',
  'Labels filter as `label=env:prod&label=team`; all must hold.',
  '',
  'Every mutation takes an `Idempotency-Key`: a second request with the same key and body answers what the first one did.',
  '',
  'Errors are `{code, message, details?, errorId}`; the log has the same errorId.',
].join('\n');

const COMMON_PARAMETERS: Record<string, OpenApiParameter> = {
  TenantId: {
    ...{ name: 'X-Tenant-Id', in: 'header', required: false, schema: { type: 'string' } },
    description: "Id or slug of the tenant; must be the credential's own.",
  },
  IdempotencyKey: {
    ...{ name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } },
    description: 'Makes a retry safe: the same key and body answer the first result again.',
  },
};

const SECURITY_SCHEMES = {
  bearerKey: { type: 'http', scheme: 'bearer', description: 'An API key, `ms_…`.' },
  apiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key, `ms_…`.' },
  sessionCookie: {
    ...{ type: 'apiKey', in: 'cookie', name: 'mainspring_session' },
    description:
      'A signed-in browser (`__Host-mainspring_session` over https); a request that changes something must carry the Origin of this site.',
  },
  cronSecret: { type: 'http', scheme: 'bearer', description: 'The value of CRON_SECRET.' },
  cronSecretHeader: { type: 'apiKey', in: 'header', name: 'x-cron-secret', description: 'The value of CRON_SECRET.' },
  metricsToken: { type: 'http', scheme: 'bearer', description: 'The value of METRICS_TOKEN.' },
};

const Problem = z.object({
  code: z.enum(Object.keys(ERROR_CODES) as [string, ...string[]]),
  message: z.string(),
  details: z.unknown().optional(),
  errorId: z.string(),
});

/** Makes the document; it depends on the code alone, so once a process is enough. */
export function openApiDocument(): OpenApiDocument {
  const schemas = collectSchemas();
  const paths: OpenApiDocument['paths'] = {};
  const add = (path: string, method: string, operation: OpenApiOperation) => {
    paths[path] = { ...paths[path], [method]: operation };
  };
  for (const route of restRoutes())
    add(`${BASE}${openApiPath(route.url)}`, route.method.toLowerCase(), operationOf(route, schemas));
  for (const { path, method, tag, operationId, summary, security, parameters, requestBody, responses } of plainRoutes())
    add(path, method, {
      ...{ operationId, tags: [tag], summary, responses, ...(requestBody ? { requestBody } : {}) },
      ...(parameters ? { parameters } : {}),
      security: security.map((scheme) => ({ [scheme]: [] })),
    });
  return {
    openapi: '3.1.0',
    info: { title: 'Mainspring', version: '1', description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ tags }) => tags)))].map(
      (name) => ({ name, description: TAGS[name] ?? `Operations of ${name}.` }),
    ),
    paths,
    components: {
      schemas: { ...schemas.components, Problem: schemas.output(Problem) },
      parameters: COMMON_PARAMETERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

const TAGS: Record<string, string> = {
  audit: 'Who did what, who was refused what, and the chain that shows that none of it was changed.',
  accounts: 'Who may do what: people, keys, sessions, tenants.',
  pipelines: 'Documents, versions, schedules.',
  approvals: 'Changes that need the word of others before they go live.',
  runs: 'What was executed, and its dead letters.',
  scheduler: 'What is due and how late it is.',
  outbox: 'Business events on their way out of the database, and those that failed.',
  interactions: 'The hot path: what was offered to whom, and what came of it.',
  dsar: 'What people ask about their own data: to be given it, or to have it erased.',
  cron: 'Jobs for schedulers outside; they take the cron secret only.',
  process: 'Probes, metrics and this document.',
};

/** `/runs/:id` as `/runs/{id}`. */
export const openApiPath = (url: string) => url.replace(/:(\w+)/g, '{$1}');

function operationOf(route: RestRoute, schemas: Schemas): OpenApiOperation {
  const { path, type, method, meta } = route;
  const { parameters, body } = splitInput(route, schemas);
  const secured: OpenApiOperation['security'] = [
    { bearerKey: [meta.scope] },
    { apiKeyHeader: [meta.scope] },
    { sessionCookie: [meta.scope] },
  ];
  const success = String(meta.status ?? 200);
  return {
    operationId: path,
    tags: [path.split('.')[0] ?? path],
    summary: meta.summary,
    description: `Needs the scope \`${meta.scope}\`.`,
    security: secured,
    parameters: [
      ...parameters,
      { $ref: '#/components/parameters/TenantId' },
      ...(type === 'mutation' ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
    ],
    ...(body && method !== 'GET'
      ? { requestBody: { required: isRequired(body), content: { 'application/json': { schema: body } } } }
      : {}),
    responses: {
      [success]: {
        description: success === '202' ? 'Taken; it goes on.' : success === '201' ? 'Created.' : 'Done.',
        content: { 'application/json': { schema: schemas.output(meta.output) } },
      },
      ...(meta.isTaken ? { '202': takenResponse(meta, schemas) } : {}),
      ...Object.fromEntries(
        byStatus(errorsOf(route)).map(([status, codes]) => [
          status,
          { ...problemResponse(codes), ...(status === '429' ? { headers: RETRY_AFTER } : {}) },
        ]),
      ),
    },
  };
}

const takenResponse = (meta: RestRoute['meta'], schemas: Schemas) => ({
  description: 'Taken; it goes on.',
  content: { 'application/json': { schema: schemas.output(meta.output) } },
});

const RETRY_AFTER = { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer', minimum: 0 } } };

const isRequired = (body: JsonSchema) => Array.isArray(body.required) && body.required.length > 0;

/** One input object comes from three places: the path's own names from the path, the rest from query or body. */
function splitInput(route: RestRoute, schemas: Schemas): { parameters: OpenApiParameter[]; body: JsonSchema | null } {
  const input = route.input ? schemas.input(route.input) : { type: 'object', properties: {} };
  const properties = (input.properties ?? {}) as Record<string, JsonSchema>;
  const required = new Set((input.required ?? []) as string[]);
  const inPath = [...route.url.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  const parameters = inPath.map<OpenApiParameter>((name) => ({
    ...{ name, in: 'path', required: true, schema: properties[name] ?? { type: 'string' } },
  }));
  const rest = Object.entries(properties).filter(([name]) => !inPath.includes(name));
  if (route.method === 'GET') {
    const query = rest.map<OpenApiParameter>(([name, schema]) => ({
      ...{ name, in: 'query', required: required.has(name), schema },
      ...(QUERY_WORDS[name] ? { description: QUERY_WORDS[name] } : {}),
    }));
    return { parameters: [...parameters, ...query], body: null };
  }
  if (rest.length === 0) return { parameters, body: null };
  const body: JsonSchema = { type: 'object', properties: Object.fromEntries(rest) };
  const bodyRequired = rest.map(([name]) => name).filter((name) => required.has(name));
  return { parameters, body: bodyRequired.length > 0 ? { ...body, required: bodyRequired } : body };
}

const QUERY_WORDS: Record<string, string> = {
  limit: 'Items on one page.',
  cursor: "The `nextCursor` of the page before; leave it away for the first page. It is opaque: use no other list's.",
  label: '`key:value` or `key`; repeat it to demand several.',
};
