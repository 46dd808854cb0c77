export { type CheckedExpression, checkExpression } from './check-expression.ts';
export { type ExpressionProblem, MAX_EXPRESSION_LENGTH } from './parse-expression.ts';
export { offsetOfCodePoint } from './position.ts';
export { type ExpressionNames, RUN_FIELDS } from './scope.ts';
