import type { MainspringClient } from 'mainspring/client';
import { asJson, type Context, type ExitCode } from './command.ts';
import { table } from './table.ts';

type Page = Awaited<ReturnType<MainspringClient['scheduler']['status']['query']>>;

/** `mainspring status`: every live pipeline with these labels. */
export async function status({ client, isJson, print }: Context, options: { label: string[] }): Promise<ExitCode> {
  const items: Page['items'] = [];
  let page: Page | undefined;
  do {
    page = await client.scheduler.status.query({
      label: options.label,
      limit: 200,
      cursor: page?.nextCursor ?? undefined,
    });
    items.push(...page.items);
  } while (page.nextCursor);
  if (isJson) {
    print(asJson({ items, health: page.health }));
    return 0;
  }
  const rows = items.map((item) => [
    item.name,
    item.paused ? `paused: ${item.paused.reason ?? ''}` : (item.scheduleWords ?? 'no schedule'),
    item.lastRunStatus ?? 'never ran',
    item.lastRunAt ?? '',
    item.lagMinutes === null ? '' : `${item.lagMinutes} min`,
    item.nextFires[0]?.at ?? '',
  ]);
  print(table(['pipeline', 'schedule', 'last run', 'at', 'lag', 'next'], rows));
  const { tickLagSeconds } = page.health;
  print(
    tickLagSeconds === null ? 'The scheduler has not run yet.\n' : `Last tick ${tickLagSeconds.toFixed(1)} s ago.\n`,
  );
  return 0;
}
