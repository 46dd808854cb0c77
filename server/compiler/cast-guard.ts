import type { ColumnType } from '#server/ir/index.ts';
import { formattedType } from './catalogue.ts';
import { quoteLiteral } from './quote.ts';

/** How much of a bad value a message shows, in characters. */
const SHOWN_VALUE_LENGTH = 100;

/** A cast that parks rows instead of failing: `sql` is a text value. */
export type GuardedCast = { name: string; sql: string; type: ColumnType };

/** True (never null) where the text is null or valid input of the type. Every text is valid text. */
export function isCastable({ sql, type }: GuardedCast): string | null {
  return type === 'text' ? null : `(${sql} IS NULL OR pg_input_is_valid(${sql}, ${quoteLiteral(type)}))`;
}

/** The value once the guard has let the row pass. In a CASE, so that the cast is never evaluated for a bad value. */
export function castValue(cast: GuardedCast): string {
  const guard = isCastable(cast);
  return guard === null ? cast.sql : `CASE WHEN ${guard} THEN (${cast.sql})::${cast.type} END`;
}

/** A condition that every cast of the row is good, or null where no cast can fail. */
export function allCastable(casts: readonly GuardedCast[]): string | null {
  const guards = casts.flatMap((cast) => isCastable(cast) ?? []);
  return guards.length === 0 ? null : guards.join('\n  AND ');
}

/** A message that names each bad column, its value and the type it should have had. */
export function castMessage(casts: readonly GuardedCast[]): string {
  const parts = casts.flatMap((cast) => {
    const guard = isCastable(cast);
    if (guard === null) return [];
    const head = quoteLiteral(`column "${cast.name}": "`);
    const tail = quoteLiteral(`" is not a valid ${formattedType(cast.type)}`);
    return `CASE WHEN NOT ${guard} THEN ${head} || left(${cast.sql}, ${SHOWN_VALUE_LENGTH}) || ${tail} END`;
  });
  return `array_to_string(ARRAY[${parts.join(',\n    ')}], '; ')`;
}
