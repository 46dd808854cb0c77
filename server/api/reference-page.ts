// The reference as one HTML page, made from the OpenAPI document: no script, nothing fetched from elsewhere.
import type { JsonSchema } from './json-schemas.ts';
import type { OpenApiDocument, OpenApiOperation, OpenApiParameter } from './openapi.ts';

/** The whole page. */
export function referencePage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = document.tags.map(({ name, description }) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    const entries = own.map(({ path, method, operation }) => operationHtml(document, path, method, operation));
    return `<section><h2 id="${asText(name)}">${asText(name)}</h2><p>${asText(description)}</p>${entries.join('')}</section>`;
  });
  const links = operations.map(
    ({ path, method, operation }) =>
      `<li><a href="#${asText(operation.operationId)}"><b>${method.toUpperCase()}</b> ${asText(path)}</a></li>`,
  );
  const shapes = Object.entries(document.components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${asText(name)}"><summary>${asText(name)}</summary><pre>${asText(JSON.stringify(schema, null, 2))}</pre></details>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${asText(document.info.title)} API reference</title><style>${STYLE}</style></head>
<body><header><h1>${asText(document.info.title)} API</h1>${paragraphs(document.info.description)}
<p>For machines: <a href="/api/v1/openapi.json">openapi.json</a></p></header>
<nav aria-label="Operations"><ul>${links.join('')}</ul></nav>
<main>${sections.join('\n')}<section><h2 id="shapes">Shapes</h2>${shapes.join('')}</section></main></body></html>
`;
}

function operationHtml(document: OpenApiDocument, path: string, method: string, operation: OpenApiOperation): string {
  const { operationId, summary, description, security, responses } = operation;
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(document, parameter));
  const rows = [...parameters.map(parameterRow), ...bodyRows(operation)];
  const answers = Object.entries(responses).map(
    ([status, { description: words, content }]) =>
      `<tr><td>${status}</td><td>${inline(words)}</td><td>${status < '300' ? contentWords(content) : ''}</td></tr>`,
  );
  const doors = security.flatMap((scheme) => Object.keys(scheme)).join(', ') || 'none';
  return `<article id="${asText(operationId)}"><h3><b>${method.toUpperCase()}</b> <code>${asText(path)}</code></h3>
<p>${inline(summary)} ${inline(description ?? '')}</p><p class="quiet">Credential: ${asText(doors)}</p>
${rows.length > 0 ? table('Sent', ['name', 'where', 'shape', ''], rows) : ''}${table('Answered', ['status', 'meaning', 'shape'], answers)}</article>`;
}

const table = (caption: string, heads: string[], rows: string[]) =>
  `<div class="scroll"><table><caption>${caption}</caption><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;

function resolve(document: OpenApiDocument, parameter: OpenApiParameter | { $ref: string }): OpenApiParameter {
  if (!('$ref' in parameter)) return parameter;
  const found = document.components.parameters[parameter.$ref.split('/').at(-1) ?? ''];
  if (!found) throw new Error(`the OpenAPI document has no ${parameter.$ref}`);
  return found;
}

const parameterRow = ({ name, in: where, required, schema, description }: OpenApiParameter) =>
  row(name, `${where}${required ? ', required' : ''}`, schema, description ?? '');

function bodyRows({ requestBody }: OpenApiOperation): string[] {
  const schema = requestBody?.content['application/json']?.schema;
  const required = (schema?.required ?? []) as string[];
  return Object.entries((schema?.properties ?? {}) as Record<string, JsonSchema>).map(([name, property]) =>
    row(name, `body${required.includes(name) ? ', required' : ''}`, property, ''),
  );
}

const row = (name: string, where: string, schema: JsonSchema, words: string) =>
  `<tr><td><code>${asText(name)}</code></td><td>${where}</td><td>${shapeWords(schema)}</td><td>${inline(words)}</td></tr>`;

const contentWords = (content: OpenApiOperation['responses'][string]['content']) =>
  Object.entries(content ?? {})
    .map(([type, { schema }]) => (type === 'application/json' ? shapeWords(schema as JsonSchema) : asText(type)))
    .join(', ');

/** A schema in a few words; named shapes are links. */
export function shapeWords(schema: JsonSchema): string {
  const { $ref, anyOf, type, items, format, maximum, minimum, maxLength, properties } = schema;
  if (typeof $ref === 'string') {
    const name = asText($ref.split('/').at(-1) ?? '');
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(anyOf)) return anyOf.map((option) => shapeWords(option as JsonSchema)).join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `<code>${asText(String(value))}</code>`).join(' ');
  if (type === 'array') return `list of ${shapeWords((items ?? {}) as JsonSchema)}`;
  if (type === 'object' && properties)
    return `{${Object.entries(properties as Record<string, JsonSchema>)
      .map(([name, property]) => `${asText(name)}: ${shapeWords(property)}`)
      .join(', ')}}`;
  const words = [String(format ?? (Array.isArray(type) ? type.join(' or ') : (type ?? 'any JSON')))];
  if (minimum !== undefined || maximum !== undefined) words.push(`${minimum ?? '…'} to ${maximum ?? '…'}`);
  if (maxLength !== undefined) words.push(`at most ${maxLength} characters`);
  if (schema.default !== undefined) words.push(`default ${JSON.stringify(schema.default)}`);
  return asText(words.join(', '));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const asText = (text: string) => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
const inline = (text: string) => asText(text).replace(/`([^`]+)`/g, '<code>$1</code>');
const paragraphs = (text: string) =>
  text
    .split('\n\n')
    .map((part) => `<p>${inline(part)}</p>`)
    .join('');

const STYLE = `
:root{color-scheme:light dark;--ink:light-dark(#1c1f24,#e6e8eb);--quiet:light-dark(#59616b,#9aa4b0);--line:light-dark(#d9dde2,#343a42);
--paper:light-dark(#fff,#14171b);--card:light-dark(#f6f7f9,#1b1f24);--link:light-dark(#0b57a4,#7cb7f5)}
body{margin:0 auto;max-width:64rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--link)}code,pre{font-family:ui-monospace,monospace;font-size:.875em}
pre{overflow:auto;max-height:30rem;background:var(--card);padding:.75rem;border-radius:.375rem}
nav ul{columns:20rem;padding:0;list-style:none;font-size:.875rem}nav b,h3 b{font-size:.8em;letter-spacing:.03em}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line);text-transform:capitalize}h3{margin-bottom:.25rem;overflow-wrap:anywhere}
article{margin:2rem 0}.quiet,caption{color:var(--quiet);font-size:.875rem}caption{text-align:left}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.875rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
@media print{nav{display:none}article{break-inside:avoid}}
`;
