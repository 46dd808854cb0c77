import type { ColumnRef } from '@pgsql/types';
import { namesOf, RUN_FIELDS, type Walk } from './scope.ts';

const SYSTEM_COLUMNS = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** A name is a declared column, `run.<field>` or `params.<name>`; nothing else can be reached. */
export function checkColumnRef(walk: Walk, ref: ColumnRef, at: number): void {
  const fields = ref.fields ?? [];
  if (fields.some((field) => !('String' in field))) {
    walk.refuse('not_allowed', '* is not allowed in an expression; name the columns', at);
    return;
  }
  const [first = '', second, ...rest] = namesOf(fields);
  if (second === undefined) checkPlainName(walk, first, at);
  else if (rest.length === 0 && first === 'run') checkRunField(walk, second, at);
  else if (rest.length === 0 && first === 'params') checkParameter(walk, second, at);
  else {
    const written = [first, second, ...rest].join('.');
    walk.refuse(
      'not_allowed',
      `${written} is not reachable; write a column's plain name, run.<field> or params.<name>`,
      at,
    );
  }
}

function checkPlainName(walk: Walk, name: string, at: number): void {
  const { columns } = walk.names;
  if (name.startsWith('_ms_') || SYSTEM_COLUMNS.has(name)) {
    walk.refuse('unknown_column', `"${name}" is reserved and cannot be read by an expression`, at);
  } else if (columns && !columns.includes(name)) {
    walk.refuse('unknown_column', unknownColumn(name, columns), at);
  } else walk.columns.add(name);
}

function unknownColumn(name: string, columns: readonly string[]): string {
  const cased = columns.find((column) => column.toLowerCase() === name.toLowerCase());
  if (cased !== undefined) return `there is no column ${name}; did you mean "${cased}" (with the quotes)?`;
  if (name === 'run' || name === 'params')
    return `${name} stands only before a dot: ${name === 'run' ? 'run.due_at' : 'params.<name>'}`;
  const shown = columns.slice(0, 12).join(', ');
  return `there is no column "${name}" here; there are: ${shown}${columns.length > 12 ? ', …' : ''}`;
}

function checkRunField(walk: Walk, field: string, at: number): void {
  if ((RUN_FIELDS as readonly string[]).includes(field)) walk.runFields.add(field);
  else walk.refuse('unknown_run_field', `run.${field} does not exist; there are run.${RUN_FIELDS.join(', run.')}`, at);
}

function checkParameter(walk: Walk, name: string, at: number): void {
  if (walk.names.params.includes(name)) walk.params.add(name);
  else walk.refuse('unknown_parameter', `the document declares no parameter "${name}"; add it under /parameters`, at);
}
