import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '#server/lib/index.ts';
import { type OpenApiOperation, openApiDocument, openApiPath } from './openapi.ts';
import { referencePage, shapeWords } from './reference-page.ts';
import { restRoutes } from './rest.ts';

const document = openApiDocument();
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);
const find = (method: string, path: string): OpenApiOperation => {
  const found = document.paths[path]?.[method];
  if (!found) throw new Error(`no ${method} ${path}`);
  return found;
};
const named = (operation: OpenApiOperation, where: string) =>
  (operation.parameters ?? []).flatMap((parameter) =>
    'in' in parameter && parameter.in === where ? [parameter.name] : [],
  );
const body = (operation: OpenApiOperation) => operation.requestBody?.content['application/json']?.schema;

describe('the OpenAPI document', () => {
  it('has every REST route, under its own id', () => {
    const ids = restRoutes().map(({ method, url, path }) => {
      expect(find(method.toLowerCase(), `/api/v1${openApiPath(url)}`).operationId).toBe(path);
      return path;
    });
    expect(ids.length).toBeGreaterThan(15);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  it('declares each parameter of a path, and no other as a path parameter', () => {
    for (const { path, operation } of operations)
      expect(named(operation, 'path')).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  });

  it('puts what is left of the input into the query of a GET and into the body of the others', () => {
    expect(named(find('get', '/api/v1/runs'), 'query')).toEqual(['pipelineId', 'status', 'trigger', 'limit', 'cursor']);
    const save = find('put', '/api/v1/pipelines/{id}/ir');
    expect(named(save, 'query')).toEqual([]);
    expect(Object.keys(body(save)?.properties as object)).toEqual(['baseVersion', 'document']);
    expect(find('post', '/api/v1/runs/{id}/cancel').requestBody).toBeUndefined();
    for (const { method, operation } of operations) if (method === 'get') expect(operation.requestBody).toBeUndefined();
  });

  it('refers only to components that are there, and shows each that is', () => {
    const there = Object.entries(document.components).flatMap(([kind, items]) =>
      Object.keys(items as object).map((name) => `#/components/${kind}/${name}`),
    );
    const used = new Set([...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref));
    expect([...used].filter((ref) => !there.includes(ref ?? ''))).toEqual([]);
    expect(there.filter((ref) => !ref.includes('/securitySchemes/') && !used.has(ref))).toEqual([]);
    const schemes = new Set(operations.flatMap(({ operation }) => operation.security.flatMap(Object.keys)));
    expect([...schemes].sort()).toEqual(Object.keys(document.components.securitySchemes as object).sort());
  });

  it('lists for each operation the codes that it can answer, under the status that the table gives them', () => {
    const listed = (operation: OpenApiOperation) =>
      Object.entries(operation.responses).flatMap(([status, { description }]) =>
        [...description.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => [status, code ?? '']),
      );
    for (const { operation } of operations)
      for (const [status, code] of listed(operation))
        expect([code, status]).toEqual([code, String(ERROR_CODES[code as keyof typeof ERROR_CODES].http)]);
    const publish = listed(find('post', '/api/v1/pipelines/{id}/publish')).map(([, code]) => code);
    expect(publish).toEqual(expect.arrayContaining(['DOCUMENT_INVALID', 'IDEMPOTENCY_KEY_REUSED', 'CROSS_SITE']));
    expect(listed(find('get', '/api/v1/runs')).map(([, code]) => code)).not.toContain('CROSS_SITE');
  });

  it('offers an Idempotency-Key on every mutation and on nothing else', () => {
    const mutations = new Set(restRoutes().flatMap(({ type, path }) => (type === 'mutation' ? [path] : [])));
    for (const { operation } of operations) {
      const offers = JSON.stringify(operation.parameters ?? []).includes('IdempotencyKey');
      expect([operation.operationId, offers]).toEqual([operation.operationId, mutations.has(operation.operationId)]);
    }
  });

  it('is whole: a summary, a tag that is explained, a success and a description of each answer', () => {
    const tags = document.tags.map(({ name }) => name);
    for (const { operation } of operations) {
      expect(operation.summary).toMatch(/^[A-Z].*\.$/);
      expect(tags).toEqual(expect.arrayContaining(operation.tags));
      expect(Object.keys(operation.responses).some((status) => /^20[012]$/.test(status))).toBe(true);
      for (const { description } of Object.values(operation.responses)) expect(description).not.toBe('');
    }
  });
});

describe('the reference page', () => {
  const html = referencePage(document);

  it('shows every operation, and loads nothing', () => {
    for (const { operation } of operations) expect(html).toContain(`<article id="${operation.operationId}">`);
    expect(html).not.toMatch(/<script|<link|<img|https?:\/\//);
  });

  it('shows a shape in words and keeps markup in it inert', () => {
    expect(shapeWords({ type: 'array', items: { $ref: '#/components/schemas/RunItem' } })).toBe(
      'list of <a href="#schema-RunItem">RunItem</a>',
    );
    expect(shapeWords({ enum: ['<b>'] })).toBe('<code>&lt;b&gt;</code>');
  });
});
