// What a file source's `path` may say. Node's matcher understands far more than a list of files needs, and reads it
// on the event loop: `+(a|aa)b` against one long name takes hours, `{1..100000}` becomes 100,000 patterns. One
// tenant's pattern would halt everybody's worker, so only what is bounded is let through.

/** `{run.due_at:YYYY-MM-DD}` and `{params.region}`: whole, scope, name, format. */
export const PATH_PLACEHOLDER = /\{(run|params)\.([a-z][a-z0-9_]*)(?::([^{}]*))?\}/g;
export const PATH_INSTANTS: readonly string[] = ['due_at', 'interval_start', 'interval_end'];

const MAX_SEGMENTS = 32;
const MAX_STARS = 8;
/** A name of 255 bytes is tried in some 255^n/n! ways against n stars, each name anew: four took four seconds a name. */
const MAX_STARS_PER_SEGMENT = 2;
/** Each is a pattern of its own, and a walk through the folder. */
const MAX_ALTERNATIVES = 32;

/** Why a pattern, its placeholders already filled in, must not be given to the matcher; null when it may. */
export function pathPatternProblem(pattern: string, written = pattern): string | null {
  const wrong = refusedCharacter(pattern) ?? bracesProblem(pattern);
  if (wrong) return `the path "${written}" ${wrong}`;
  const stars = pattern.split('*').length - 1;
  if (stars > MAX_STARS) return `the path "${written}" has ${stars} stars; at most ${MAX_STARS} are allowed`;
  for (const path of alternativesOf(pattern)) {
    const segments = path.split('/');
    if (path.startsWith('/') || segments.includes('..'))
      return `the path "${written}" must stay below the tenant's folder: no leading / and no ..`;
    if (segments.length > MAX_SEGMENTS)
      return `the path "${written}" is ${segments.length} folders deep; at most ${MAX_SEGMENTS} are allowed`;
    if (segments.some((segment) => segment.split('*').length - 1 > MAX_STARS_PER_SEGMENT))
      return `the path "${written}" has more than ${MAX_STARS_PER_SEGMENT} stars between two slashes`;
  }
  return null;
}

/** The same for a path as it is written in a document, given the names of its parameters. */
export function sourcePathProblem(path: string, parameters: readonly string[]): string | null {
  for (const [whole, scope, name = '', format] of path.matchAll(PATH_PLACEHOLDER)) {
    if (scope === 'params' && !parameters.includes(name))
      return `${whole}: there is no parameter "${name}"; declare it under parameters`;
    if (scope === 'run' && !PATH_INSTANTS.includes(name))
      return `${whole}: run has ${PATH_INSTANTS.join(', ')}, not "${name}"`;
    const wrong = scope === 'run' && format !== undefined && instantFormatProblem(format);
    if (wrong) return `${whole}: ${wrong}`;
  }
  // An instant stands for digits and keeps the slashes of its format; a parameter is a plain part of a name.
  const sample = path.replace(PATH_PLACEHOLDER, (_, scope: string, __, format: string | undefined) =>
    scope === 'run' ? (format ?? '0') : '0',
  );
  return pathPatternProblem(sample, path);
}

/** Why an instant's format is refused, or null. */
export function instantFormatProblem(format: string): string | null {
  return /[^0-9A-Za-z_./-]/.test(format) || format.includes('..')
    ? 'a format is made of YYYY MM DD HH mm ss and - _ . /'
    : null;
}

function refusedCharacter(pattern: string): string | null {
  const found = /[\\()!\0]/.exec(pattern)?.[0];
  if (found === undefined) return null;
  return `contains ${JSON.stringify(found)}; a path is made of names, * ? [a-z] ** and one {a,b}`;
}

const BRACES = /\{([^{}]*)\}/;

function bracesProblem(pattern: string): string | null {
  if (!/[{}]/.test(pattern)) return null;
  const inside = BRACES.exec(pattern)?.[1];
  if (inside === undefined || /[{}]/.test(pattern.replace(BRACES, '')))
    return 'may have one pair of braces, {a,b}, and none inside another';
  if (!inside.includes(',')) return `has braces without a choice: {${inside}}; write {a,b}, {run.due_at} or {params.x}`;
  if (inside.includes('..') || inside.includes('/')) return 'has a range or a slash in its braces; list names: {a,b}';
  const count = inside.split(',').length;
  return count > MAX_ALTERNATIVES
    ? `has ${count} choices in its braces; at most ${MAX_ALTERNATIVES} are allowed`
    : null;
}

/** The pattern without its braces: `{.,a}./x` is `../x` as well. */
function alternativesOf(pattern: string): string[] {
  const inside = BRACES.exec(pattern)?.[1];
  return inside === undefined ? [pattern] : inside.split(',').map((choice) => pattern.replace(BRACES, () => choice));
}
