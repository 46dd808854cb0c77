// Small tables of random rows, and what must hold of a document that is run over them.
import fc from 'fast-check';
import type { TestDatabase } from '#db/testing/index.ts';
import type { PipelineDocument } from '#server/ir/index.ts';
import { describeOn, loadCatalogue } from './catalogue.ts';
import { compileOrThrow } from './documents.ts';
import { execute, type Outcome, type Row } from './execute.ts';
import {
  asText,
  fill,
  INPUT_DDL,
  type InputRow,
  inputRows,
  OTHER_DDL,
  type OtherRow,
  otherRows,
  textOf,
} from './model.ts';

/** A row of the second table as PostgreSQL's texts. */
export const otherText = (row: OtherRow): Row => ({ id: String(row.id), k: textOf(row.k), label: row.label });

/** Makes the two tables; `holds` runs a document over 25 fillings of them and checks what each run gave. */
export async function openEquivalence(db: TestDatabase) {
  await db.owner.unsafe(
    `CREATE SCHEMA tenant; CREATE TABLE tenant.input ${INPUT_DDL}; CREATE TABLE tenant.other ${OTHER_DDL}`,
  );
  const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };

  async function holds(doc: PipelineDocument, check: (outcome: Outcome, rows: InputRow[], others: OtherRow[]) => void) {
    const plan = await compileOrThrow(doc, environment);
    await fc.assert(
      fc.asyncProperty(inputRows, otherRows, async (rows, others) => {
        const outcome = await execute(db.owner, plan, async (sql) => {
          await fill(sql, 'tenant.input', rows.map(asText));
          await fill(sql, 'tenant.other', others.map(otherText));
        });
        check(outcome, rows, others);
      }),
      { numRuns: 25 },
    );
  }

  return { holds };
}
