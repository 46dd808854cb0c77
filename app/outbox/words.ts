import type { OutboxEventFilter } from '#server/web/index.ts';

/** Which failed events a filter means, as the end of "It applies to …". */
export function failedWords({ search, key, type }: OutboxEventFilter): string {
  const parts = [
    ...(type ? [`of the type “${type}”`] : []),
    ...(key ? [`of the key “${key}”`] : []),
    ...(search ? [`whose key or type begins with “${search}”, or whose id it is`] : []),
  ];
  return parts.length === 0 ? 'every failed event of this tenant' : `every failed event ${parts.join(' and ')}`;
}
