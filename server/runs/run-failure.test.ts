import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { DlqFullError } from '#server/dlq/index.ts';
import { classifyError, NodeFailure, RunFailure } from './run-failure.ts';

/** As the driver makes them from the server's message. */
const sqlError = (code: string, more: object = {}) =>
  Object.assign(Object.create(postgres.PostgresError.prototype), { message: 'said the server', code, ...more });

describe('classifyError', () => {
  it.each([
    ['08006', 'DATABASE_UNAVAILABLE', true],
    ['57P01', 'DATABASE_UNAVAILABLE', true],
    ['57014', 'TIMED_OUT', true],
    ['40001', 'DATABASE_BUSY', true],
    ['40P01', 'DATABASE_BUSY', true],
    ['53100', 'DATABASE_BUSY', true],
    ['55P03', 'DATABASE_BUSY', true],
    ['42P07', 'TABLES_CHANGED', true],
    ['22003', 'DATA_ERROR', false],
    ['23502', 'CONSTRAINT_VIOLATED', false],
    ['42501', 'SQL_ERROR', false],
  ])('takes SQLSTATE %s for %s', (code, expected, isTransient) => {
    expect(classifyError(sqlError(code))).toMatchObject({ code: expected, isTransient, canRetry: isTransient });
  });

  it('tells a duplicate key of the tenant’s from one of the catalogue’s, which two racing creations cause', () => {
    expect(classifyError(sqlError('23505', { schema_name: 't_x' })).code).toBe('CONSTRAINT_VIOLATED');
    expect(classifyError(sqlError('23505', { schema_name: 'pg_catalog' })).code).toBe('TABLES_CHANGED');
  });

  it('names the node and adds the detail', () => {
    const error = new NodeFailure('load', sqlError('23505', { detail: 'Key (id)=(1) already exists.' }));
    expect(classifyError(error)).toMatchObject({
      nodeId: 'load',
      message: 'said the server: Key (id)=(1) already exists.',
    });
  });

  it('tries the unforeseen again without telling its words, and a known failure only when it is transient', () => {
    expect(classifyError(new TypeError('x of undefined'))).toMatchObject({
      code: 'INTERNAL',
      message: 'internal error',
      canRetry: true,
    });
    expect(classifyError(new RunFailure('CHECK_FAILED', 'no'))).toMatchObject({ canRetry: false });
    expect(classifyError(new DlqFullError(5, 1, 5))).toMatchObject({ code: 'DLQ_FULL', canRetry: false });
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(classifyError(refused)).toMatchObject({ code: 'DATABASE_UNAVAILABLE', canRetry: true });
    expect(classifyError(Object.assign(new Error('EMFILE'), { code: 'EMFILE' }))).toMatchObject({
      code: 'FILE_ERROR',
      canRetry: true,
    });
  });
});
