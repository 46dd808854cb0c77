// What the document's schema allows at a place in the text: names of properties, or values.
import { jsonLanguage } from '@codemirror/lang-json';
import type { SyntaxNode } from '@lezer/common';
import { isValue, itemsOf, propertiesOf, stringOf } from './json-place.ts';

/** The part of JSON Schema that the document's schema uses. */
export interface JsonSchema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
}

export interface Option {
  /** The JSON text to insert. */
  text: string;
  /** What is shown. */
  label: string;
  detail: string;
  isRequired: boolean;
  /** For a property: the text of an empty value of its type, to go on in. */
  skeleton?: string;
}

export interface Options {
  /** The range that a chosen option replaces. */
  from: number;
  to: number;
  kind: 'property' | 'value';
  options: Option[];
}

/** What may stand at `pos`; null where the schema has nothing to say. */
export function optionsAt(schema: JsonSchema, text: string, pos: number): Options | null {
  const place = findPlace(jsonLanguage.parser.parse(text).resolveInner(pos, -1), text, pos);
  if (!place) return null;
  const { container, name, range } = place;
  const schemas = schemasOf(schema, container, text);
  if (container.name === 'Object' && name === null) {
    const taken = new Set(propertiesOf(container, text).map((property) => property.name));
    const current = stringOf(place.token, text);
    const options = propertyOptions(schemas, (property) => property === current || !taken.has(property));
    return options.length === 0 ? null : { ...range, kind: 'property', options };
  }
  const inside =
    container.name === 'Array' ? schemas.flatMap(({ items }) => variantsOf(items)) : childrenOf(schemas, name ?? '');
  const options = [...valueOptions(inside), ...nodeOptions(container, name, text)];
  return options.length === 0 ? null : { ...range, kind: 'value', options };
}

interface Place {
  container: SyntaxNode;
  /** The property whose value is asked for; null: a name is asked for, or an item of an array. */
  name: string | null;
  /** The text that is being typed there, if any. */
  token: SyntaxNode | null;
  range: { from: number; to: number };
}

function findPlace(found: SyntaxNode, text: string, pos: number): Place | null {
  let node: SyntaxNode | null = found;
  // What does not parse yet hangs below an error node; a colon or a bracket says no more than what it is part of.
  while (node && (node.type.isError || !/^[A-Z]/.test(node.name))) node = node.parent;
  if (!node) return null;
  const here = { from: pos, to: pos };
  if (node.name === 'PropertyName' && node.parent?.parent)
    return { container: node.parent.parent, name: null, token: node, range: { from: node.from, to: node.to } };
  if (node.name === 'Property' && node.parent) {
    const nameNode = node.getChild('PropertyName');
    // Behind the colon; before it there is nothing to complete.
    if (!nameNode || !text.slice(nameNode.to, pos).includes(':')) return null;
    return { container: node.parent, name: stringOf(nameNode, text), token: null, range: here };
  }
  if (node.name === 'Object' && pos > node.from) {
    // `"overlap": |` ends its property at the colon.
    const open = propertiesOf(node, text).find(
      ({ nameNode, value }) => !value && nameNode && text.slice(nameNode.to, pos).trim() === ':',
    );
    return { container: node, name: open?.name ?? null, token: null, range: here };
  }
  if (node.name === 'Array' && pos > node.from) return { container: node, name: null, token: null, range: here };
  if (!isValue(node) || node.name === 'Object' || node.name === 'Array') return null;
  const range = { from: node.from, to: node.to };
  if (node.parent?.name === 'Array') return { container: node.parent, name: null, token: node, range };
  if (node.parent?.name !== 'Property' || !node.parent.parent) return null;
  return {
    container: node.parent.parent,
    name: stringOf(node.parent.getChild('PropertyName'), text),
    token: node,
    range,
  };
}

/** The schemas that a container may follow, from the root down, narrowed by what its ancestors already say. */
function schemasOf(root: JsonSchema, container: SyntaxNode, text: string): JsonSchema[] {
  const chain: SyntaxNode[] = [];
  for (let node: SyntaxNode | null = container; node; node = node.parent)
    if (node.name === 'Object' || node.name === 'Array') chain.unshift(node);
  let schemas = variantsOf(root);
  for (const [depth, node] of chain.entries()) {
    const wanted = node.name === 'Object' ? 'object' : 'array';
    schemas = schemas.filter(({ type }) => type === wanted);
    if (node.name === 'Object') schemas = narrow(schemas, node, text);
    const next = chain[depth + 1];
    if (!next) break;
    if (node.name === 'Array') schemas = schemas.flatMap(({ items }) => variantsOf(items));
    else {
      const holder = propertiesOf(node, text).find(({ value }) => value?.from === next.from);
      schemas = holder?.name ? childrenOf(schemas, holder.name) : [];
    }
  }
  return schemas;
}

function variantsOf(schema: JsonSchema | undefined): JsonSchema[] {
  if (!schema) return [];
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return parts.length === 0 ? [schema] : parts.flatMap(variantsOf);
}

const childrenOf = (schemas: JsonSchema[], name: string): JsonSchema[] =>
  schemas.flatMap(({ properties, additionalProperties }) => {
    if (properties && Object.hasOwn(properties, name)) return variantsOf(properties[name]);
    return typeof additionalProperties === 'object' ? variantsOf(additionalProperties) : [];
  });

/** Leaves out the variants whose fixed values (`kind`, `type`, `rule`) are not those of the object. */
function narrow(schemas: JsonSchema[], object: SyntaxNode, text: string): JsonSchema[] {
  const said = propertiesOf(object, text).flatMap(({ name, value }) => {
    const content = stringOf(value, text);
    return name === null || content === null ? [] : [[name, content] as const];
  });
  const fitting = schemas.filter(({ properties }) =>
    said.every(([name, content]) => properties?.[name]?.const === undefined || properties[name].const === content),
  );
  return fitting.length === 0 ? schemas : fitting;
}

function propertyOptions(schemas: JsonSchema[], isFree: (name: string) => boolean): Option[] {
  const options = new Map<string, Option>();
  for (const { properties = {}, required = [] } of schemas) {
    for (const [name, property] of Object.entries(properties)) {
      if (options.has(name) || !isFree(name)) continue;
      const [first] = variantsOf(property);
      const isRequired = required.includes(name);
      options.set(name, {
        text: JSON.stringify(name),
        label: name,
        detail: isRequired ? `${typeWords(property)}, required` : typeWords(property),
        isRequired,
        skeleton: skeletonOf(first),
      });
    }
  }
  return [...options.values()];
}

const typeWords = (schema: JsonSchema): string =>
  [...new Set(variantsOf(schema).map(({ type, enum: values }) => (values ? 'one of' : (type ?? 'any'))))].join(' or ');

function skeletonOf(schema: JsonSchema | undefined): string {
  if (schema?.const !== undefined) return JSON.stringify(schema.const);
  if (schema?.type === 'object') return '{}';
  if (schema?.type === 'array') return '[]';
  return schema?.type === 'string' ? '""' : '';
}

function valueOptions(schemas: JsonSchema[]): Option[] {
  const options = new Map<string, Option>();
  const add = (value: unknown, detail: string) => {
    const text = JSON.stringify(value);
    if (!options.has(text)) options.set(text, { text, label: String(value), detail, isRequired: false });
  };
  for (const schema of schemas) {
    if (schema.const !== undefined) add(schema.const, '');
    for (const value of schema.enum ?? []) add(value, value === schema.default ? 'default' : '');
    if (schema.type === 'boolean')
      for (const value of [true, false]) add(value, value === schema.default ? 'default' : '');
    if (schema.type === 'null') add(null, '');
    if (typeof schema.default === 'number' || typeof schema.default === 'string') add(schema.default, 'default');
  }
  return [...options.values()];
}

/** The ids of the document's other steps, where a step names those that it reads from or leads to. */
function nodeOptions(container: SyntaxNode, name: string | null, text: string): Option[] {
  const holder = container.name === 'Array' ? stringOf(container.parent?.getChild('PropertyName') ?? null, text) : name;
  if (holder !== 'inputs' && holder !== 'to') return [];
  let root: SyntaxNode = container;
  while (root.parent && root.parent.name !== 'JsonText') root = root.parent;
  const nodes = propertiesOf(root, text).find((property) => property.name === 'nodes')?.value;
  if (nodes?.name !== 'Array') return [];
  const taken = new Set(container.name === 'Array' ? itemsOf(container).map((item) => stringOf(item, text)) : []);
  return itemsOf(nodes).flatMap((node) => {
    const properties = node.name === 'Object' ? propertiesOf(node, text) : [];
    const id = stringOf(properties.find((property) => property.name === 'id')?.value ?? null, text);
    const isOwn = node.from <= container.from && node.to >= container.to;
    return id === null || isOwn || taken.has(id)
      ? []
      : [{ text: JSON.stringify(id), label: id, detail: 'step', isRequired: false }];
  });
}
