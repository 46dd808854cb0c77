// Documents as people keep them in files. YAML of strangers is read, so everything that could take forever is bounded.
import { Composer, type Document, isMap, isScalar, Lexer, Parser, stringify, visit } from 'yaml';
import { parseDocument } from './parse-document.ts';
import type { PipelineDocument } from './schema.ts';

/** A pipeline document has some kilobytes; parsing this much of the worst takes about a second. */
export const MAX_YAML_BYTES = 131_072;
const MAX_DOCUMENTS_PER_FILE = 100;

export type YamlLimits = { maxBytes: number; maxDocuments: number };
const LIMITS_FOR_STRANGERS: YamlLimits = { maxBytes: MAX_YAML_BYTES, maxDocuments: MAX_DOCUMENTS_PER_FILE };
/** For files that somebody reads on the own machine: an export of thousands of pipelines, and no endless one. */
export const LOCAL_YAML_LIMITS: YamlLimits = { maxBytes: 16_777_216, maxDocuments: 10_000 };
/** Levels of nesting; each takes the parser one or two tokens. The composer would recurse. */
const MAX_PARSER_STACK = 100;
/** How often aliases may multiply what they name: ten of ten of ten is one file of a kilobyte and gigabytes in memory. */
const MAX_ALIAS_COUNT = 100;

/** One document of a file; `value` is JSON, whatever its shape, or `problem` says why there is none. */
export type YamlPart = { line: number; value: unknown; problem: null } | { line: number; value: null; problem: string };

/** Every document of a YAML file (JSON is YAML), in order. A file that cannot be read as YAML is one part with its problem. */
export function readYaml(text: string, { maxBytes, maxDocuments } = LIMITS_FOR_STRANGERS): YamlPart[] {
  const refuse = (problem: string): YamlPart[] => [{ line: 1, value: null, problem }];
  if (Buffer.byteLength(text) > maxBytes) return refuse(`the file has more than ${maxBytes} bytes`);
  const tokens = tokensOf(text);
  if (tokens === null) return refuse('it is nested too deeply');
  if (tokens.filter(({ type }) => type === 'document').length > maxDocuments)
    return refuse(`the file has more than ${maxDocuments} documents`);
  // Its own search for repeated keys compares each with each: 20,000 keys take half a minute.
  const composer = new Composer({ version: '1.2', uniqueKeys: false, strict: true, prettyErrors: false });
  const lineAt = linesOf(text);
  const documents = [...composer.compose(tokens, true, text.length)] as Document[];
  const parts = documents
    // What follows a last "---" is no document that somebody wrote.
    .filter(({ contents, errors }) => errors.length > 0 || !(contents === null || isNothing(contents)))
    .map((document) => partOf(lineAt, document));
  return parts.length === 0 ? refuse('the file has no document in it') : parts;
}

const isNothing = (contents: unknown) => isScalar(contents) && contents.value === null && !contents.source;

function tokensOf(text: string) {
  const parser = new Parser();
  const tokens: ReturnType<typeof parser.next> extends Generator<infer Token> ? Token[] : never = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_PARSER_STACK) return null;
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function partOf(lineAt: LineAt, document: Document): YamlPart {
  const line = lineAt(document.contents?.range?.[0] ?? document.range?.[0] ?? 0);
  const wrong = document.errors[0] ?? document.warnings[0];
  if (wrong) return { line, value: null, problem: `line ${lineAt(wrong.pos[0])}: ${wrong.message}` };
  const repeated = repeatedKey(lineAt, document);
  if (repeated !== null) return { line, value: null, problem: repeated };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    // As JSON has it, so that what is compared is what will be stored; a cycle of aliases ends here.
    return { line, value: JSON.parse(JSON.stringify(value)), problem: null };
  } catch (error) {
    return {
      line,
      value: null,
      problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
    };
  }
}

function repeatedKey(lineAt: LineAt, document: Document): string | null {
  let found: string | null = null;
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : isMap(key) ? '{…}' : String(key);
        if (seen.has(name)) {
          const at = isScalar(key) ? lineAt(key.range?.[0] ?? 0) : 1;
          found = `line ${at}: "${name.slice(0, 100)}" stands twice in one place`;
          return visit.BREAK;
        }
        seen.add(name);
      }
      return undefined;
    },
  });
  return found;
}

type LineAt = (offset: number) => number;

/** Which line an offset lies in, counted from 1. Thousands are asked of one file, so its lines are looked for once. */
function linesOf(text: string): LineAt {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (offset) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

/** A document as YAML: keys in the order of the schema, whatever order the database keeps them in. */
export function writeYaml(document: unknown): string {
  return stringify(inOrder(document), { version: '1.2', lineWidth: 0, aliasDuplicateObjects: false });
}

/** As JSON with its keys in that order. */
export function inOrder(document: unknown): unknown {
  const parsed = parseDocument(document);
  // A document of an older schema is shown as it is rather than not at all.
  return parsed.ok ? withSortedNames(parsed.doc) : document;
}

/** Labels and annotations are names that the writer chose: no schema orders them, and jsonb does by length. */
function withSortedNames(document: PipelineDocument): PipelineDocument {
  const { labels, annotations } = document.metadata;
  return { ...document, metadata: { ...document.metadata, labels: sorted(labels), annotations: sorted(annotations) } };
}

const sorted = (names: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)));
