import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { Flame, type LucideIcon, Snowflake, ThermometerSun } from 'lucide-react';
import type { EngagementBand, EngagementItem, EngagementSummary } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { count } from '../time/format.ts';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { PageHeader } from '../ui/page.tsx';
import { Pagination } from '../ui/pagination.tsx';
import { EmptyState } from '../ui/states.tsx';
import { Pill, type Tone, toneSolid } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';
import { cut } from './words.ts';

export const meta: MetaFunction = () => [{ title: 'Engagement · Mainspring' }];

const bandLook: Record<EngagementBand, { label: string; range: string; tone: Tone; icon: LucideIcon }> = {
  hot: { label: 'Hot', range: '70 to 100', tone: 'bad', icon: Flame },
  warm: { label: 'Warm', range: '40 to 70', tone: 'warn', icon: ThermometerSun },
  cold: { label: 'Cold', range: 'below 40', tone: 'busy', icon: Snowflake },
};
const BANDS = ['hot', 'warm', 'cold'] as const;

export async function loader(args: LoaderFunctionArgs) {
  const params = new URL(args.request.url).searchParams;
  const band = BANDS.find((name) => name === params.get('band'));
  const [search, cursor] = [params.get('search')?.trim(), params.get('cursor')];
  const [summary, customers] = await load(args, (api) =>
    Promise.all([
      api.engagement.summary(),
      api.engagement.list({
        limit: 50,
        ...(band ? { band } : {}),
        ...(search ? { search } : {}),
        ...(cursor ? { cursor } : {}),
      }),
    ]),
  );
  return { summary, customers, isFiltered: band !== undefined || !!search };
}

export default function Engagement() {
  const { summary, customers, isFiltered } = useLoaderData<typeof loader>();
  return (
    <>
      <PageHeader
        title="Engagement"
        detail={
          summary.computedAt === null ? (
            'Not computed yet: the job engagementHealthRecompute does so daily.'
          ) : (
            <>
              {count(summary.customers)} customers, computed <Time at={summary.computedAt} />
            </>
          )
        }
      />
      {summary.customers > 0 && (
        <div className="mb-4 grid items-stretch gap-4 lg:grid-cols-[1fr_18rem]">
          <Spread summary={summary} />
          <Bands summary={summary} />
        </div>
      )}
      <FilterBar
        search={{ label: 'Customer id begins with' }}
        choices={{
          name: 'band',
          label: 'Band',
          options: BANDS.map((value) => ({ value, label: bandLook[value].label })),
        }}
      />
      <Card flush>
        {customers.items.length === 0 ? (
          <EmptyState icon={Flame} title={isFiltered ? 'No customer fits' : 'No scores yet'}>
            {isFiltered
              ? 'Change the band or the search.'
              : 'Record interactions with POST /api/v1/respond; the next daily computation scores their customers. The instance operator can run it at once on the page Cron.'}
          </EmptyState>
        ) : (
          <Customers items={customers.items} />
        )}
        <Pagination nextCursor={customers.nextCursor} shown={customers.items.length} what="customers" />
      </Card>
    </>
  );
}

/** How many customers have which score: twenty bars of five points, drawn without scripts. */
function Spread({ summary: { histogram, customers } }: { summary: EngagementSummary }) {
  const most = Math.max(1, ...histogram.map((bar) => bar.customers));
  const toneOf = (from: number): Tone => bandLook[from >= 70 ? 'hot' : from >= 40 ? 'warm' : 'cold'].tone;
  return (
    <Card title="Customers by score">
      <div
        role="img"
        aria-label={`Scores of ${customers} customers: ${histogram
          .filter((bar) => bar.customers > 0)
          .map((bar) => `${bar.customers} from ${bar.from}`)
          .join(', ')}`}
      >
        <div className="flex h-32 items-end gap-0.5 border-line border-b">
          {histogram.map((bar) => (
            <div
              key={bar.from}
              title={`${bar.from} to ${bar.from + 5}: ${count(bar.customers)}`}
              className="min-w-0 flex-1 rounded-t-xs"
              style={{
                height: bar.customers === 0 ? 0 : `max(2px, ${(100 * bar.customers) / most}%)`,
                background: toneSolid[toneOf(bar.from)],
              }}
            />
          ))}
        </div>
        <div aria-hidden className="tabular mt-1 flex justify-between text-faint text-xs">
          {[0, 20, 40, 60, 80, 100].map((score) => (
            <span key={score}>{score}</span>
          ))}
        </div>
      </div>
    </Card>
  );
}

function Bands({ summary: { bands, customers } }: { summary: EngagementSummary }) {
  return (
    <Card title="Bands">
      <ul className="space-y-3">
        {BANDS.map((band) => {
          const { label, range, tone, icon } = bandLook[band];
          const share = customers === 0 ? 0 : Math.round((100 * bands[band]) / customers);
          return (
            <li key={band} className="flex items-center justify-between gap-3">
              <span className="flex items-center gap-2">
                <Pill label={label} tone={tone} icon={icon} />
                <span className="text-faint text-xs">{range}</span>
              </span>
              <span className="tabular">
                {count(bands[band])} <span className="text-faint text-xs">{share} %</span>
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function Customers({ items }: { items: EngagementItem[] }) {
  return (
    <Table label="Customers by score">
      <Head>
        <Column>Customer</Column>
        <Column align="right">Score</Column>
        <Column>Band</Column>
        <Column align="right">Recency</Column>
        <Column align="right">Frequency</Column>
        <Column align="right">Outcomes</Column>
        <Column>Last interaction</Column>
      </Head>
      <tbody>
        {items.map((item) => {
          const { label, tone, icon } = bandLook[item.band];
          return (
            <Row key={item.customerId}>
              <Cell className="max-w-72 break-words font-medium">{item.customerId}</Cell>
              <Cell align="right" className="tabular">
                {cut(item.score)}
              </Cell>
              <Cell>
                <Pill label={label} tone={tone} icon={icon} />
              </Cell>
              <Cell align="right" className="tabular text-muted text-xs">
                {cut(item.parts.recency)}
              </Cell>
              <Cell align="right" className="tabular text-muted text-xs">
                {cut(item.parts.frequency)}
                <span className="text-faint"> ({item.interactions90Days} in 90 d)</span>
              </Cell>
              <Cell align="right" className="tabular whitespace-nowrap text-muted text-xs">
                {cut(item.parts.outcomes)}
                <span className="text-faint">
                  {' '}
                  ({item.positiveOutcomes} of {item.outcomes})
                </span>
              </Cell>
              <Cell className="whitespace-nowrap text-xs">
                <Time at={item.lastInteractionAt} />
              </Cell>
            </Row>
          );
        })}
      </tbody>
    </Table>
  );
}

export const ErrorBoundary = RouteErrorBoundary;
