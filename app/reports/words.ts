import type { ReportItem } from '#server/web/index.ts';
import { exactTime } from '../time/format.ts';

/** `2026-11-20 08:00 – 2026-11-21 08:00` on the clock of the report's own zone. */
export const periodWords = ({ periodFrom, periodTo, timezone }: ReportItem): string =>
  `${exactTime(Date.parse(periodFrom), timezone)} – ${exactTime(Date.parse(periodTo), timezone)}, ${timezone}`;

export const figureWords = ({ value, unit }: ReportItem['figures'][number]): string =>
  value === null ? '–' : `${value.toLocaleString('en-US')}${unit === '' ? '' : ` ${unit}`}`;
