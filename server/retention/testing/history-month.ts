import type { TestDatabase } from '#db/testing/index.ts';

const DAY_MS = 86_400_000;

/** The middle of a month of interactions some months ago, its partition's name, and how to make it. */
export function historyMonth(db: TestDatabase, months: number) {
  const now = new Date();
  const middle = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 15));
  const name = `interaction_history_${middle.toISOString().slice(0, 7).replace('-', '')}`;
  return {
    name,
    from: monthText(middle),
    ageDays: (now.getTime() - middle.getTime()) / DAY_MS,
    async make() {
      await db.owner.unsafe(`create table if not exists ${name} partition of interaction_history
        for values from (ms_uuid_at('${monthText(middle)}')) to (ms_uuid_at('${monthText(middle)}'::timestamptz + interval '1 month'))`);
    },
    exists: async () =>
      (await db.owner<{ found: string | null }[]>`select to_regclass(${`public.${name}`})::text as found`)[0]!.found !==
      null,
  };
}
const monthText = (middle: Date) => `${middle.toISOString().slice(0, 8)}01T00:00:00Z`;
