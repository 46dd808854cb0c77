// The routes that are no procedures, as the OpenAPI document lists them: probes, metrics, cron jobs.
import { LOG_LEVELS } from '#db/schema/index.ts';
import { CRON_JOBS } from '#server/cron/index.ts';
import type { JsonSchema } from './json-schemas.ts';
import { byStatus } from './operation-errors.ts';

export type PlainRoute = {
  method: 'get' | 'post' | 'put';
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  /** Names of security schemes; empty: open to anyone. */
  security: string[];
  parameters?: { name: string; in: 'path' | 'query'; required: boolean; description?: string; schema: JsonSchema }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Record<string, unknown> }> }>;
};

const text = (description: string) => ({ description, content: { 'text/plain': { schema: { type: 'string' } } } });
const json = (description: string, schema: Record<string, unknown> = { type: 'object' }) => ({
  description,
  content: { 'application/json': { schema } },
});

const status = { type: 'string', enum: ['ok', 'degraded', 'down', 'unknown'] };
const component = {
  type: 'object',
  required: ['status'],
  properties: { status, since: { type: ['string', 'null'] }, ageSeconds: { type: ['number', 'null'] } },
};
const healthSchema = {
  type: 'object',
  required: ['status', 'components'],
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded', 'down'] },
    failed_pipelines: {
      type: 'array',
      items: { type: 'string' },
      description: 'Of the tenant; for the instance operator of all, as `tenant/name`.',
    },
    components: {
      type: 'object',
      required: ['database', 'scheduler', 'runner', 'publisher', 'alerts'],
      properties: {
        ...{ database: component, scheduler: component, runner: component, publisher: component },
        alerts: component,
      },
    },
  },
};

const probes: PlainRoute[] = [
  {
    ...{ method: 'get', path: '/health', operationId: 'health', tag: 'process', security: [] },
    summary:
      'Tells how database, scheduler, runner, publisher and alerts are; with a key also ages and failed pipelines.',
    responses: { '200': json('It works, perhaps degraded.', healthSchema), '503': json('It is down.', healthSchema) },
  },
  {
    ...{ method: 'get', path: '/livez', operationId: 'livez', tag: 'process', security: [] },
    summary: "Says whether this process's own loops turn.",
    responses: { '200': text('`ok`'), '503': text('A loop has stopped.') },
  },
  {
    ...{ method: 'get', path: '/readyz', operationId: 'readyz', tag: 'process', security: [] },
    summary: 'Says whether the database answers.',
    responses: { '200': text('`ok`'), '503': text('The database does not answer.') },
  },
  {
    ...{ method: 'get', path: '/metrics', operationId: 'metrics', tag: 'process', security: ['metricsToken'] },
    summary: 'Gives the metrics of this process in the Prometheus text format.',
    responses: { '200': text('Metrics.'), ...problems(['UNAUTHENTICATED', 'INTERNAL']) },
  },
  {
    ...{ method: 'get', path: '/log-level', operationId: 'logLevel', tag: 'process', security: ['metricsToken'] },
    summary: 'Tells the base and the effective log level of every process.',
    responses: { '200': json('Levels.'), ...problems(['UNAUTHENTICATED', 'DATABASE_UNAVAILABLE', 'INTERNAL']) },
  },
  {
    ...{ method: 'put', path: '/log-level', operationId: 'putLogLevel', tag: 'process', security: ['metricsToken'] },
    summary: 'Sets a log level for all processes, a tier or one process, for a while.',
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['level'],
            properties: {
              scope: { type: 'string', default: 'all', description: '`all`, a tier, or the id of a process.' },
              level: { type: ['string', 'null'], enum: [...LOG_LEVELS, null], description: 'Null takes it back.' },
              ttlSeconds: { type: 'integer', minimum: 10, maximum: 86_400, default: 900 },
            },
          },
        },
      },
    },
    responses: {
      '200': json('Levels.'),
      ...problems([
        'INPUT_INVALID',
        'UNAUTHENTICATED',
        'CROSS_SITE',
        'BODY_TOO_LARGE',
        'DATABASE_UNAVAILABLE',
        'INTERNAL',
      ]),
    },
  },
  {
    ...{ method: 'get', path: '/api/v1/openapi.json', operationId: 'openapi', tag: 'process', security: [] },
    summary: 'Gives this document.',
    responses: { '200': json('An OpenAPI 3.1 document.') },
  },
  {
    ...{ method: 'get', path: '/api/v1/reference', operationId: 'reference', tag: 'process', security: [] },
    summary: 'Gives the reference as a page.',
    responses: { '200': { description: 'HTML.', content: { 'text/html': { schema: { type: 'string' } } } } },
  },
  {
    ...{
      method: 'get',
      path: '/api/v1/pipeline.schema.json',
      operationId: 'pipelineSchema',
      tag: 'process',
      security: [],
    },
    summary: 'Gives the JSON Schema of pipeline documents, for editors.',
    responses: {
      '200': {
        description: 'A JSON Schema, 2020-12.',
        content: { 'application/schema+json': { schema: { type: 'object' } } },
      },
    },
  },
];

const download: PlainRoute = {
  ...{ method: 'get', path: '/api/v1/dsar/{id}/download', operationId: 'dsar.download', tag: 'dsar' },
  summary: 'Gives the bundle of an access request as a zip, to who may read requests or has its link.',
  security: ['bearerKey', 'apiKeyHeader', 'sessionCookie'],
  parameters: [
    { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
    {
      ...{ name: 'token', in: 'query', required: false, schema: { type: 'string' } },
      description: 'From a link: then no credential is needed.',
    },
  ],
  responses: {
    '200': {
      description: 'A zip.',
      content: { 'application/zip': { schema: { type: 'string', contentMediaType: 'application/zip' } } },
    },
    ...problems(['LINK_INVALID', 'UNAUTHENTICATED', 'FORBIDDEN', 'DSAR_NOT_FOUND', 'DSAR_BUNDLE_GONE', 'INTERNAL']),
  },
};

const cronSchemes = ['cronSecret', 'cronSecretHeader'];
const crons: PlainRoute[] = CRON_JOBS.flatMap((job) =>
  (['get', 'post'] as const).map((method) => ({
    ...{ method, path: `/api/v1/cron/${job.path}`, operationId: `cron.${job.name}.${method}`, tag: 'cron' },
    summary: `Runs the job ${job.name} once; for schedulers outside.`,
    security: cronSchemes,
    responses: {
      '200': json('What the job did.'),
      ...problems(['UNAUTHENTICATED', 'DATABASE_UNAVAILABLE', 'INTERNAL']),
    },
  })),
);

/** All of them. */
export const plainRoutes = (): PlainRoute[] => [...probes, download, ...crons];

function problems(codes: Parameters<typeof byStatus>[0]): PlainRoute['responses'] {
  return Object.fromEntries(byStatus(codes).map(([http, list]) => [http, problemResponse(list)]));
}

/** A response of the one error shape, restricted to the codes that this status has here. */
export function problemResponse(codes: readonly string[]) {
  return json(codes.map((code) => `\`${code}\``).join(', '), {
    allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: [...codes] } } }],
  });
}
