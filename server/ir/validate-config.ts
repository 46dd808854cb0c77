import { sourcePathProblem } from './path-pattern.ts';
import type { Problem } from './problem.ts';
import type { NodeOf, PipelineNode } from './schema.ts';

/** Settings of one node that contradict each other or lack something, as far as no types are needed to see it. */
export function validateConfig(node: PipelineNode, pointer: string, parameters: readonly string[]): Problem[] {
  switch (node.kind) {
    case 'source':
      return sourceProblems(node, pointer, parameters);
    case 'derive':
      return duplicates(
        node.config.columns.map((column) => column.name),
        `${pointer}/config/columns`,
        '/name',
      );
    case 'select':
      return duplicates(
        node.config.columns.map((column) => column.as ?? column.name),
        `${pointer}/config/columns`,
        '/as',
      );
    case 'aggregate':
      return aggregateProblems(node, pointer);
    case 'validate':
      return validateProblems(node, pointer);
    case 'target':
      return targetProblems(node, pointer);
    default:
      return [];
  }
}

function error(pointer: string, code: string, message: string): Problem {
  return { pointer, code, message, severity: 'error' };
}

function duplicates(names: readonly string[], pointer: string, leaf: string): Problem[] {
  return names.flatMap((name, i) =>
    names.indexOf(name) < i
      ? [error(`${pointer}/${i}${leaf}`, 'duplicate_column', `the column "${name}" is named twice`)]
      : [],
  );
}

function sourceProblems(node: NodeOf<'source'>, pointer: string, parameters: readonly string[]): Problem[] {
  const { config } = node;
  if (config.type === 'table') {
    return [
      ...duplicates(config.columns ?? [], `${pointer}/config/columns`, ''),
      ...duplicates(config.key ?? [], `${pointer}/config/key`, ''),
      ...(config.key?.length === 0 ? [error(`${pointer}/config/key`, 'missing_key', 'the key names no column')] : []),
    ];
  }
  if (config.type !== 'file') return [];
  const problems = duplicates(
    config.columns.map((column) => column.name),
    `${pointer}/config/columns`,
    '/name',
  );
  // Paths to a bucket are refused as a whole until they can be read.
  const wrong = config.path.startsWith('s3://') ? null : sourcePathProblem(config.path, parameters);
  if (wrong) problems.push(error(`${pointer}/config/path`, 'invalid_path', wrong));
  for (const name of ['delimiter', 'quote'] as const) {
    if (!/[\r\n]/.test(config.csv[name])) continue;
    problems.push(error(`${pointer}/config/csv/${name}`, 'invalid_value', `the ${name} cannot be the end of a line`));
  }
  if (config.csv.delimiter === config.csv.quote) {
    problems.push(
      error(`${pointer}/config/csv/quote`, 'invalid_value', 'the quote and the delimiter are the same character'),
    );
  }
  return problems;
}

function aggregateProblems(node: NodeOf<'aggregate'>, pointer: string): Problem[] {
  const { groupBy, aggregates } = node.config;
  const names = [...groupBy, ...aggregates.map((aggregate) => aggregate.name)];
  const problems = duplicates(groupBy, `${pointer}/config/groupBy`, '');
  for (const [i, aggregate] of aggregates.entries()) {
    const at = `${pointer}/config/aggregates/${i}`;
    if (names.indexOf(aggregate.name) < groupBy.length + i) {
      problems.push(error(`${at}/name`, 'duplicate_column', `the column "${aggregate.name}" is named twice`));
    }
    if (aggregate.expression === undefined && aggregate.fn !== 'count') {
      problems.push(
        error(at, 'missing_expression', `${aggregate.fn} needs an expression; only count works without one`),
      );
    }
    if (aggregate.separator !== undefined && aggregate.fn !== 'string_agg') {
      problems.push(
        error(`${at}/separator`, 'invalid_value', `a separator belongs to string_agg, not to ${aggregate.fn}`),
      );
    }
  }
  return problems;
}

function validateProblems(node: NodeOf<'validate'>, pointer: string): Problem[] {
  const { rules, dataset } = node.config;
  const problems: Problem[] = [];
  if (rules.length + dataset.length === 0) {
    problems.push({
      ...error(`${pointer}/config`, 'no_rules', 'the node has no rules, so every row passes'),
      severity: 'warning',
    });
  }
  for (const [i, rule] of rules.entries()) {
    const at = `${pointer}/config/rules/${i}`;
    if (rule.rule === 'range' && rule.min === undefined && rule.max === undefined) {
      problems.push(error(at, 'missing_bound', 'a range needs min, max or both'));
    }
    if (rule.rule === 'references' && rule.columns.length !== rule.tableColumns.length) {
      const message = `${rule.columns.length} columns cannot match ${rule.tableColumns.length} tableColumns; name as many of each`;
      problems.push(error(`${at}/tableColumns`, 'column_count', message));
    }
  }
  for (const [i, rule] of dataset.entries()) {
    const at = `${pointer}/config/dataset/${i}`;
    if (rule.min === undefined && rule.max === undefined)
      problems.push(error(at, 'missing_bound', 'rowCount needs min, max or both'));
    else if ((rule.min ?? 0) > (rule.max ?? Number.POSITIVE_INFINITY)) {
      problems.push(error(`${at}/max`, 'empty_range', `max ${rule.max} is below min ${rule.min}`));
    }
  }
  return problems;
}

function targetProblems(node: NodeOf<'target'>, pointer: string): Problem[] {
  const { config } = node;
  if (config.type !== 'table') return [];
  const needsKey = config.mode === 'upsert' || config.mode === 'mirror';
  if (needsKey && (config.key ?? []).length === 0) {
    return [
      error(
        `${pointer}/config/key`,
        'missing_key',
        `the load mode ${config.mode} needs a key: name the columns that identify a row`,
      ),
    ];
  }
  const problems = duplicates(config.key ?? [], `${pointer}/config/key`, '');
  if (!needsKey && config.key !== undefined) {
    const message = `a key has no effect with the load mode ${config.mode}`;
    problems.push({ ...error(`${pointer}/config/key`, 'unused_key', message), severity: 'warning' });
  }
  return problems;
}
