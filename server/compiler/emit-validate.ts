import type { DatasetRule } from '#server/ir/index.ts';
import { type Emitted, type NodeContext, onlyInput, passOrigins } from './node-context.ts';
import type { PlanNode, RunContext, Statement } from './plan.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';
import { type CompiledRule, compileRowRule } from './row-rule.ts';
import { expressionScope } from './run-scope.ts';
import {
  declared,
  hidden,
  inOrder,
  payloadOf,
  rejectStatement,
  STAGED_HIDDEN,
  stageOf,
  stageStatement,
} from './select-list.ts';
import { verdictName } from './work-tables.ts';

/**
 * Judges each row by all row rules at once, into a side table that holds only the rows that fail something. A row that
 * fails a quarantine or drop rule leaves the pipeline by the first such rule; the others stand in the message.
 */
export async function emitValidate(ctx: NodeContext<'validate'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const compiled = await Promise.all(
    ctx.node.config.rules.map((rule, i) => compileRowRule(ctx, rule, i, input.columns)),
  );
  const rules = compiled.filter((rule) => rule !== null);
  if (rules.length < compiled.length) return null;
  return {
    columns: input.columns,
    origins: passOrigins(input),
    statements: (run) => [
      ...(rules.length > 0 ? judge(ctx, input, rules, run) : []),
      stage(ctx, input, rules),
      ...ctx.node.config.dataset.map((rule) => datasetStatement(ctx.node.id, rule)),
    ],
  };
}

function judge(
  ctx: NodeContext<'validate'>,
  input: PlanNode,
  rules: readonly CompiledRule[],
  run: RunContext,
): Statement[] {
  const leaving = numbers(rules, ['quarantine', 'drop']);
  const first =
    leaving.length > 0
      ? `(SELECT min(f) FROM unnest(c._ms_failed) AS f WHERE f IN (${leaving.join(', ')}))`
      : 'NULL::integer';
  const verdicts = rules.map((rule, i) => `CASE WHEN ${rule.fails} THEN ${i + 1} END`).join(',\n  ');
  const scope = expressionScope(
    rules.flatMap((rule) => rule.expression ?? []),
    ctx.parameters,
    run,
  );
  // OFFSET 0 keeps the planner from evaluating the rules once more for each place that reads _ms_failed.
  const sql = `CREATE TEMP TABLE ${quoteIdent(verdictName(ctx.node.id))} ON COMMIT DROP AS
SELECT c._ms_tid, c._ms_failed, ${first} AS _ms_reject
FROM (
SELECT h.ctid AS _ms_tid, array_remove(ARRAY[
  ${verdicts}
]::integer[], NULL) AS _ms_failed
FROM ${stageOf(input)} AS h${scope}
OFFSET 0
) AS c
WHERE cardinality(c._ms_failed) > 0`;
  return [
    { purpose: 'prepare', sql },
    ...rules.flatMap((rule, i) => (rule.onFail === 'abort' ? [abortStatement(ctx.node.id, rule, i + 1)] : [])),
    ...rejects(ctx, input, rules),
    ...rules.flatMap((rule, i) => (rule.onFail === 'warn' ? [warnStatement(ctx.node.id, rule, i + 1)] : [])),
  ];
}

function rejects(ctx: NodeContext<'validate'>, input: PlanNode, rules: readonly CompiledRule[]): Statement[] {
  const quarantined = numbers(rules, ['quarantine']);
  if (quarantined.length === 0) return [];
  const messages = rules
    .map((rule, i) => `CASE WHEN ${i + 1} = ANY (v._ms_failed) THEN ${rule.message} END`)
    .join(',\n    ');
  return [
    rejectStatement({
      nodeId: ctx.node.id,
      rule: `(ARRAY[${rules.map((rule) => quoteLiteral(rule.name)).join(', ')}]::text[])[v._ms_reject]`,
      errorKind: 'rule',
      message: `array_to_string(ARRAY[\n    ${messages}\n  ], '; ')`,
      hidden: STAGED_HIDDEN,
      payload: payloadOf(input.columns.map(({ name }) => ({ name, sql: `h.${quoteIdent(name)}` }))),
      from: `FROM ${stageOf(input)} AS h\nJOIN ${verdicts(ctx.node.id)} AS v ON v._ms_tid = h.ctid\nWHERE v._ms_reject IN (${quarantined.join(', ')})`,
    }),
  ];
}

function stage(ctx: NodeContext<'validate'>, input: PlanNode, rules: readonly CompiledRule[]): Statement {
  const isLossy = numbers(rules, ['quarantine', 'drop']).length > 0;
  const where = isLossy
    ? `\nWHERE NOT EXISTS (SELECT 1 FROM ${verdicts(ctx.node.id)} AS v WHERE v._ms_tid = h.ctid AND v._ms_reject IS NOT NULL)`
    : '';
  return stageStatement(
    ctx.node.id,
    `SELECT ${declared(input.columns)}, ${hidden()}\nFROM ${stageOf(input)} AS h${where}${inOrder(ctx.isOrdered)}`,
  );
}

function abortStatement(nodeId: string, rule: CompiledRule, number: number): Statement {
  const message = quoteLiteral(` rows fail the rule ${rule.name}, which aborts the run`);
  const sql = `SELECT count(*) AS failures, count(*) || ${message} AS message\nFROM ${verdicts(nodeId)} AS v\nWHERE ${number} = ANY (v._ms_failed)`;
  return { purpose: 'check', rule: rule.name, sql };
}

function warnStatement(nodeId: string, rule: CompiledRule, number: number): Statement {
  const message = quoteLiteral(` rows fail the rule ${rule.name}`);
  const sql = `INSERT INTO pg_temp.ms_warnings (node_id, rule, message, row_count)
SELECT ${quoteLiteral(nodeId)}, ${quoteLiteral(rule.name)}, count(*) || ${message}, count(*)
FROM ${verdicts(nodeId)} AS v
WHERE ${number} = ANY (v._ms_failed)
HAVING count(*) > 0`;
  return { purpose: 'warn', rule: rule.name, sql };
}

/** Counts the rows that have passed the row rules. */
function datasetStatement(nodeId: string, rule: DatasetRule): Statement {
  const outside = [rule.min === undefined ? [] : [`n < ${rule.min}`], rule.max === undefined ? [] : [`n > ${rule.max}`]]
    .flat()
    .join(' OR ');
  const message = `'there are ' || n || ${quoteLiteral(` rows; expected ${rule.min ?? 0} to ${rule.max ?? 'any number'}`)}`;
  const counted = `FROM (SELECT count(*) AS n FROM ${stageOf({ id: nodeId })}) AS c`;
  if (rule.onFail === 'abort') {
    const sql = `SELECT CASE WHEN ${outside} THEN 1 ELSE 0 END::bigint AS failures, ${message} AS message\n${counted}`;
    return { purpose: 'check', rule: rule.rule, sql };
  }
  const sql = `INSERT INTO pg_temp.ms_warnings (node_id, rule, message, row_count)\nSELECT ${quoteLiteral(nodeId)}, ${quoteLiteral(rule.rule)}, ${message}, n\n${counted}\nWHERE ${outside}`;
  return { purpose: 'warn', rule: rule.rule, sql };
}

function verdicts(nodeId: string): string {
  return `pg_temp.${quoteIdent(verdictName(nodeId))}`;
}

function numbers(rules: readonly CompiledRule[], outcomes: readonly CompiledRule['onFail'][]): number[] {
  return rules.flatMap((rule, i) => (outcomes.includes(rule.onFail) ? [i + 1] : []));
}
