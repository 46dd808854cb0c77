import type { ReportCarried, ReportFigure } from '#db/schema/index.ts';
import type { Tx } from '#server/lib/index.ts';

/** From an instant, included, to another, excluded; ISO 8601. */
export type Period = { from: string; to: string };
export type ReportCell = string | number | null;

/** What a report says, before it is written as HTML or CSV. Instants are ISO 8601 in UTC. */
export type Composed = {
  figures: ReportFigure[];
  columns: string[];
  rows: ReportCell[][];
  /** What the table is of, for a report that has no row. */
  rowsAre: string;
  /** What the next report must know of this one; absent: nothing. */
  carried?: ReportCarried;
};

export type Template = {
  title: string;
  /** For people: what one learns from it. */
  says: string;
  /**
   * Reads one tenant's figures, in a transaction of its own role. `carried` is what the report before this one left;
   * null: there is none, or somebody asks for a stretch that does not begin where the last one ended.
   */
  compose(tx: Tx, tenantId: string, period: Period, carried: ReportCarried | null): Promise<Composed>;
};

/** A table longer than this is cut: nobody reads more, and a mail has to carry it. */
export const MAX_ROWS = 2_000;

export const round = (value: number | null, digits = 1): number | null =>
  value === null ? null : Number(value.toFixed(digits));
