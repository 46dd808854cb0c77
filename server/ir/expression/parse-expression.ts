import type { Node } from '@pgsql/types';
import { hasSqlDetails, loadModule, parseSync, scanSync } from 'libpg-query';
import { offsetOfByte, offsetOfCodePoint } from './position.ts';

export type ExpressionProblem = { code: string; message: string; position: number };
export type ParsedExpression =
  | { ok: true; tree: Node; positionOf: (byteLocation: number) => number; unbalanced: ExpressionProblem | null }
  | { ok: false; problem: ExpressionProblem };

export const MAX_EXPRESSION_LENGTH = 8_000;
/**
 * Tokens that can nest (all but commas and constants). The parser's output walk recurses on the JavaScript stack: a
 * cold process overflowed at some 2,000 nested tokens, so this leaves room to spare, and a long IN list still passes.
 */
const MAX_NESTING_TOKENS = 800;
const FLAT_TOKENS = new Set([',', 'SCONST', 'ICONST', 'FCONST', 'SQL_COMMENT', 'C_COMMENT']);

const WRAPPER_HEAD = 'SELECT (\n';
const BARE_HEAD = 'SELECT \n';

/** Parses the text with PostgreSQL's own parser as exactly one parenthesised scalar expression. */
export async function parseExpression(text: string): Promise<ParsedExpression> {
  const early = refuseUnreadable(text);
  if (early) return { ok: false, problem: early };
  await loadModule();
  const deep = refuseTooDeep(text);
  if (deep) return { ok: false, problem: deep };
  // The text must stand both inside parentheses and without them: the first refuses `a, b`, `a FROM t` and `a; b`, the
  // second `a) + (b`, which balances our own parentheses and would mean something else after a NOT.
  const wrapped = parseSql(`${WRAPPER_HEAD}${text}\n)`, WRAPPER_HEAD.length, text);
  const bare = parseSql(`${BARE_HEAD}${text}\n`, BARE_HEAD.length, text);
  const unbalanced = bare.ok ? null : bare.problem;
  if (!wrapped.ok) return { ok: false, problem: earlier(wrapped.problem, unbalanced) };
  const tree = onlyTarget(wrapped.statements);
  if (!tree) return { ok: false, problem: unbalanced ?? notOne() };
  return {
    ok: true,
    tree,
    unbalanced,
    positionOf: (byteLocation) => offsetOfByte(text, Math.max(0, byteLocation - WRAPPER_HEAD.length)),
  };
}

function refuseUnreadable(text: string): ExpressionProblem | null {
  if (text.length > MAX_EXPRESSION_LENGTH) {
    const message = `the expression has ${text.length} characters; the limit is ${MAX_EXPRESSION_LENGTH}`;
    return { code: 'too_long', message, position: MAX_EXPRESSION_LENGTH };
  }
  // The parser reads a C string: behind a zero byte it would see nothing of what PostgreSQL is later given.
  const zero = text.indexOf('\u0000');
  if (zero >= 0) return { code: 'bad_text', message: 'the expression contains a zero byte; remove it', position: zero };
  if (!text.isWellFormed()) {
    const position = [...text].findIndex((character) => !character.isWellFormed());
    const message = 'the expression contains half a surrogate pair; remove it';
    return { code: 'bad_text', message, position: offsetOfCodePoint(text, position) };
  }
  if (text.trim() === '') return { code: 'syntax_error', message: 'the expression is empty', position: 0 };
  return null;
}

function refuseTooDeep(text: string): ExpressionProblem | null {
  let nesting = 0;
  try {
    for (const token of scanSync(text).tokens) {
      if (FLAT_TOKENS.has(token.tokenName) || token.text === ',') continue;
      nesting += 1;
      if (nesting > MAX_NESTING_TOKENS) return tooDeep(offsetOfByte(text, token.start));
    }
  } catch {
    // An unterminated string or comment: the parse below reports it with its position.
  }
  return null;
}

function tooDeep(position: number): ExpressionProblem {
  return { code: 'too_deep', message: 'the expression is too large; split it over several derive nodes', position };
}

type Statements = NonNullable<ReturnType<typeof parseSync>['stmts']>;

function parseSql(
  sql: string,
  headLength: number,
  text: string,
): { ok: true; statements: Statements } | { ok: false; problem: ExpressionProblem } {
  try {
    return { ok: true, statements: parseSync(sql).stmts ?? [] };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, problem: tooDeep(0) };
    if (!hasSqlDetails(error)) throw error;
    const at = (error.sqlDetails?.cursorPosition ?? headLength) - headLength;
    const position = offsetOfCodePoint(text, Math.max(0, at));
    return {
      ok: false,
      problem: { code: 'syntax_error', message: plainMessage(error.message, position, text), position },
    };
  }
}

/** The parser complains where it cannot go on; of two complaints the earlier one is nearer to the mistake. */
function earlier(first: ExpressionProblem, second: ExpressionProblem | null): ExpressionProblem {
  return second && second.position < first.position ? second : first;
}

function notOne(): ExpressionProblem {
  const message = 'write one scalar expression, without FROM, WHERE, AS or a second column';
  return { code: 'syntax_error', message, position: 0 };
}

function plainMessage(message: string, position: number, text: string): string {
  // The closing parenthesis is ours, so its name would only confuse.
  if (position >= text.length) return 'syntax error at the end of the expression; is a bracket, quote or END missing?';
  return message.replace(/\n\)"$/, '"');
}

function onlyTarget(statements: Statements): Node | null {
  const statement = statements.length === 1 ? statements[0]?.stmt : undefined;
  if (!statement || !('SelectStmt' in statement)) return null;
  const { targetList, limitOption, op, ...others } = statement.SelectStmt;
  if (Object.keys(others).length > 0 || limitOption !== 'LIMIT_OPTION_DEFAULT' || op !== 'SETOP_NONE') return null;
  const target = targetList?.length === 1 ? targetList[0] : undefined;
  if (!target || !('ResTarget' in target)) return null;
  const { val, name, indirection } = target.ResTarget;
  return val && name === undefined && indirection === undefined ? val : null;
}
