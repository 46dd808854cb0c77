import type { A_Expr, Node } from '@pgsql/types';
import { checkColumnRef } from './column-ref.ts';
import { checkFunctionCall } from './function-call.ts';
import { ALLOWED_OPERATORS } from './operators.ts';
import type { ExpressionProblem } from './parse-expression.ts';
import { type ExpressionNames, namesOf, type Walk } from './scope.ts';
import { checkTypeCast } from './type-cast.ts';

/** What the parser calls a construct, and what to tell the person who wrote it. */
const REFUSED: Record<string, [code: string, message: string]> = {
  SubLink: ['subquery_not_allowed', 'a sub-select is not allowed in an expression; use a join or lookup node'],
  SQLValueFunction: ['function_not_allowed', 'the clock and the session are not readable here; use run.due_at'],
  ParamRef: ['not_allowed', 'numbered parameters are not available; declare one and write params.<name>'],
  CollateClause: ['not_allowed', 'COLLATE is not allowed; text compares in the database’s own collation'],
  RowExpr: ['not_allowed', 'a row of several values is not allowed; write one scalar expression'],
  GroupingFunc: ['aggregate_not_allowed', 'GROUPING works on many rows; use an aggregate node'],
  SetToDefault: ['not_allowed', 'DEFAULT is not a value'],
  XmlExpr: ['not_allowed', 'XML is not supported in expressions'],
  XmlSerialize: ['not_allowed', 'XML is not supported in expressions'],
};
const BOOLEAN_TESTS = new Set(['NullTest', 'BooleanTest']);
const LISTS_OF_ARGS = new Set(['BoolExpr', 'CoalesceExpr', 'MinMaxExpr']);
const NAMED_OPERATOR_KINDS = new Set([
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
  'AEXPR_IN',
]);
const OTHER_KINDS = new Set([
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_SIMILAR',
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
]);

/** Walks the tree against the allow-list. Every refusal is collected. */
export function walkExpression(tree: Node, names: ExpressionNames, positionOf: (at: number) => number): Walk {
  const problems: ExpressionProblem[] = [];
  const walk: Walk = {
    names,
    columns: new Set(),
    runFields: new Set(),
    params: new Set(),
    problems,
    refuse: (code, message, at) => {
      problems.push({ code, message, position: positionOf(at) });
    },
  };
  visit(walk, tree, 0);
  return walk;
}

function visit(walk: Walk, node: Node | undefined, parentAt: number): void {
  if (!node) return;
  const kind = Object.keys(node)[0] ?? '';
  const at = locationOf(node, parentAt);
  if ('A_Const' in node) checkConstant(walk, node.A_Const.bsval !== undefined, at);
  else if ('ColumnRef' in node) checkColumnRef(walk, node.ColumnRef, at);
  else if ('A_Expr' in node) visitOperator(walk, node.A_Expr, at);
  else if ('FuncCall' in node) {
    checkFunctionCall(walk, node.FuncCall, at);
    visitAll(walk, node.FuncCall.args, at);
  } else if ('NamedArgExpr' in node) visit(walk, node.NamedArgExpr.arg, at);
  else if ('TypeCast' in node) {
    const { typeName, arg } = node.TypeCast;
    if (typeName) checkTypeCast(walk, typeName, arg, typeName.location ?? at);
    visit(walk, arg, at);
  } else if ('CaseExpr' in node) {
    visit(walk, node.CaseExpr.arg, at);
    visitAll(walk, node.CaseExpr.args, at);
    visit(walk, node.CaseExpr.defresult, at);
  } else if ('CaseWhen' in node) {
    visit(walk, node.CaseWhen.expr, at);
    visit(walk, node.CaseWhen.result, at);
  } else if ('A_ArrayExpr' in node) visitAll(walk, node.A_ArrayExpr.elements, at);
  else if ('List' in node) visitAll(walk, node.List.items, at);
  else if ('A_Indirection' in node) visitSubscripts(walk, node.A_Indirection, at);
  else visitByShape(walk, node, kind, at);
}

/** The node types that differ only in where their arguments are; anything not known by now is refused. */
function visitByShape(walk: Walk, node: Node, kind: string, at: number): void {
  const body = bodyOf(node) as { arg?: Node; args?: Node[] };
  if (LISTS_OF_ARGS.has(kind)) visitAll(walk, body.args, at);
  else if (BOOLEAN_TESTS.has(kind)) visit(walk, body.arg, at);
  else
    walk.refuse(...(REFUSED[kind] ?? ['not_allowed', `this construct (${kind}) is not allowed in an expression`]), at);
}

function visitAll(walk: Walk, nodes: readonly Node[] | undefined, at: number): void {
  for (const node of nodes ?? []) visit(walk, node, at);
}

function visitOperator(walk: Walk, expression: A_Expr, at: number): void {
  const path = namesOf(expression.name ?? []);
  const operator = path.at(-1) ?? '';
  const kind = expression.kind ?? '';
  const isPlain = path.length === 1 || (path.length === 2 && path[0] === 'pg_catalog');
  if (NAMED_OPERATOR_KINDS.has(kind)) {
    if (!isPlain || !ALLOWED_OPERATORS.has(operator)) {
      walk.refuse('operator_not_allowed', `the operator ${path.join('.')} is not allowed in an expression`, at);
    }
  } else if (!OTHER_KINDS.has(kind)) walk.refuse('not_allowed', `this construct (${kind}) is not allowed`, at);
  visit(walk, expression.lexpr, at);
  visit(walk, expression.rexpr, at);
}

function visitSubscripts(walk: Walk, indirection: { arg?: Node; indirection?: Node[] }, at: number): void {
  visit(walk, indirection.arg, at);
  for (const step of indirection.indirection ?? []) {
    if ('A_Indices' in step) {
      visit(walk, step.A_Indices.lidx, at);
      visit(walk, step.A_Indices.uidx, at);
    } else
      walk.refuse(
        'not_allowed',
        'a field of a composite value is not reachable in an expression',
        firstLocation(indirection.arg, at),
      );
  }
}

function checkConstant(walk: Walk, isBitString: boolean, at: number): void {
  if (isBitString) walk.refuse('not_allowed', 'bit strings are not supported in expressions', at);
}

function bodyOf(node: Node): unknown {
  return Object.values(node)[0];
}

function locationOf(node: Node, parentAt: number): number {
  const { location } = bodyOf(node) as { location?: number };
  return location !== undefined && location >= 0 ? location : parentAt;
}

function firstLocation(node: Node | undefined, at: number): number {
  return node ? locationOf(node, at) : at;
}
