import type { LimitName, Limits } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { ShareBar } from '../ui/progress.tsx';
import { toneSolid } from '../ui/status-pill.tsx';
import { Cell, Column, Head, Row, Table } from '../ui/table.tsx';
import { Dash } from '../ui/time.tsx';
import { LIMIT_NAMES, LIMIT_WORDS, shareOf, toneOf } from './words.ts';

export function LimitsTable({ limits }: { limits: Limits }) {
  return (
    <Table label="Limits">
      <Head>
        <Column>Limit</Column>
        <Column align="right">Used now</Column>
        <Column align="right">May have</Column>
      </Head>
      <tbody>
        {LIMIT_NAMES.map((name) => (
          <LimitRow key={name} name={name} {...shareOf(limits, name)} />
        ))}
      </tbody>
    </Table>
  );
}

const toneWords = { ok: null, warn: 'nearly full', bad: 'full' } as const;

function LimitRow({ name, used, limit }: { name: LimitName; used: number | null; limit: number }) {
  const { label, says } = LIMIT_WORDS[name];
  const tone = used === null ? 'ok' : toneOf(used, limit);
  const words = toneWords[tone];
  return (
    <Row>
      <Cell>
        <p className="font-medium">{label}</p>
        <p className="max-w-xl text-muted text-xs">{says}</p>
      </Cell>
      <Cell align="right" className="tabular w-28 max-sm:w-20">
        {used === null ? (
          <Dash why="each process counts for itself" />
        ) : (
          <>
            {count(used)}
            <div className="mt-1">
              <ShareBar share={limit === 0 ? 1 : Math.min(1, used / limit)} tone={toneSolid[tone]} />
            </div>
            {words !== null && (
              <p className={tone === 'bad' ? 'mt-0.5 text-bad text-xs' : 'mt-0.5 text-warn text-xs'}>{words}</p>
            )}
          </>
        )}
      </Cell>
      <Cell align="right" className="tabular w-24 max-sm:w-18">
        {count(limit)}
      </Cell>
    </Row>
  );
}
