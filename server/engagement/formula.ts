// The score of the product's specification:
//   40 × 2^(−days since the last interaction / 30)
// + 30 × min(1, interactions in 90 days / 10)
// + 30 × positive outcomes / (outcomes + 2)
// The "+ 2" keeps one lucky outcome from counting as certainty. The parts are SQL, for one statement per tenant.
import { type SQL, sql } from '#db/drizzle.ts';

export const HOT_FROM = 70;
export const WARM_FROM = 40;
export const WINDOW_DAYS = 90;

/** What counts as positive until a tenant says otherwise; compared in lower case. */
export const DEFAULT_POSITIVE_OUTCOMES = [
  'accept',
  'accepted',
  'click',
  'clicked',
  'conversion',
  'convert',
  'converted',
  'positive',
  'purchase',
  'purchased',
  'success',
] as const;

/** 0–100 from columns of the counted row; an interaction dated in the future counts as one of now. An exponent below
 * −1000 is no number to PostgreSQL but an error, and stands for 0 anyway. */
export const scoreOf = (now: SQL, lastAt: SQL, recent: SQL, positive: SQL, outcomes: SQL): SQL => sql`(
  40 * power(2, -least(1000, greatest(0, extract(epoch from ${now} - ${lastAt})::float8 / 86400) / 30))
  + 30 * least(1, ${recent}::float8 / 10)
  + 30 * ${positive}::float8 / (${outcomes} + 2))`;

export const bandOf = (score: SQL): SQL =>
  sql`case when ${score} >= ${HOT_FROM} then 'hot' when ${score} >= ${WARM_FROM} then 'warm' else 'cold' end`;
