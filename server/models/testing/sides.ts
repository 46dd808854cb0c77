import type { Row } from './fixture.ts';
import type { Trainer } from './trainer.ts';

/** The rows of the tenant's table by side, as the database's hash says. */
export async function sidesOf(trainer: Trainer, table: string): Promise<{ training: Row[]; holdout: Row[] }> {
  const rows = await trainer.run(
    `select *, (hashtextextended(row(id)::text, 20) & 9223372036854775807) % 100 < 20 as held from $schema.${table} order by id`,
  );
  const toRow = ({ x, y, letter, flag, label }: Record<string, unknown>) =>
    ({ values: [x, y, letter, flag], label }) as Row;
  return { training: rows.filter(({ held }) => !held).map(toRow), holdout: rows.filter(({ held }) => held).map(toRow) };
}
