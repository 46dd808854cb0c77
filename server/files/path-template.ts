import { instantFormatProblem, PATH_INSTANTS, PATH_PLACEHOLDER } from '#server/ir/index.ts';

/** What a file source's path may name in braces. Instants are ISO 8601 texts. */
export type TemplateValues = {
  dueAt: string | null;
  intervalStart: string | null;
  intervalEnd: string | null;
  params: Record<string, string | number | boolean | null>;
};

/** A path that cannot be filled in: the message says which part and why. */
export class PathTemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PathTemplateError';
  }
}

/** Would leave the folder or act as a pattern. */
const UNSAFE_IN_PATH = /[\\/*?[\]{}!()\p{Cc}]|^\.+$/u;

/**
 * Fills `{run.due_at:YYYY-MM-DD}`, `{run.interval_start:…}`, `{run.interval_end:…}` (UTC) and `{params.x}`.
 * Other braces stay: they are alternatives of the pattern.
 * @throws PathTemplateError when a value is missing, or would change what the pattern means.
 */
export function fillPathTemplate(path: string, values: TemplateValues): string {
  return path.replace(PATH_PLACEHOLDER, (whole, scope: string, name: string, format: string | undefined) => {
    if (scope === 'run') return formatInstant(whole, instantOf(whole, name, values), format ?? 'YYYY-MM-DD');
    const value = values.params[name];
    if (value === undefined || value === null)
      throw new PathTemplateError(`${whole} has no value in this run; give the parameter "${name}" or a default`);
    const text = String(value);
    if (UNSAFE_IN_PATH.test(text))
      throw new PathTemplateError(`${whole} is "${text}", which is not a plain part of a file name`);
    return text;
  });
}

function instantOf(whole: string, name: string, values: TemplateValues): Date {
  const known: Record<string, string | null> = {
    due_at: values.dueAt,
    interval_start: values.intervalStart,
    interval_end: values.intervalEnd,
  };
  if (!Object.hasOwn(known, name))
    throw new PathTemplateError(`${whole}: run has ${PATH_INSTANTS.join(', ')}, not "${name}"`);
  const at = new Date(known[name] ?? Number.NaN);
  if (Number.isNaN(at.getTime())) throw new PathTemplateError(`${whole} has no value in this run`);
  return at;
}

function formatInstant(whole: string, at: Date, format: string): string {
  const iso = at.toISOString();
  const parts: Record<string, string> = {
    YYYY: iso.slice(0, 4),
    MM: iso.slice(5, 7),
    DD: iso.slice(8, 10),
    HH: iso.slice(11, 13),
    mm: iso.slice(14, 16),
    ss: iso.slice(17, 19),
  };
  const wrong = instantFormatProblem(format);
  if (wrong) throw new PathTemplateError(`${whole}: ${wrong}`);
  return format.replace(/YYYY|MM|DD|HH|mm|ss/g, (token) => parts[token] ?? token);
}
