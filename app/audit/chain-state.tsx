import { Link } from '@remix-run/react';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import type { AuditLog, ChainSeal } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { Time } from '../ui/time.tsx';
import { logQuery } from './audit-filter.ts';

/** Up to where the log is sealed and when its chain was last walked; red where it is not whole. */
export function ChainLine({ chain, log }: { chain: ChainSeal; log: AuditLog }) {
  const { head, unsealed, lastCheck } = chain;
  const isBroken = lastCheck?.firstBadSeq != null;
  const Icon = isBroken ? ShieldAlert : ShieldCheck;
  return (
    <section
      aria-label="Chain of the audit log"
      className={cn(
        'mb-3 flex flex-wrap items-center gap-x-2 gap-y-1 rounded-lg border px-4 py-2',
        isBroken ? 'border-bad-solid bg-bad-soft text-bad' : 'border-line bg-surface text-muted',
      )}
    >
      <Icon aria-hidden className={cn('size-4 shrink-0', !isBroken && 'text-ok')} />
      <span>
        {head === null ? (
          'Nothing is sealed yet'
        ) : (
          <>
            Sealed up to entry {count(head.seq)}, <Time at={head.sealedAt} />
          </>
        )}
        {unsealed > 0 && ` (${unsealed >= 1_000 ? '1,000 or more' : count(unsealed)} waiting)`}.{' '}
        {lastCheck === null ? (
          'Not verified yet.'
        ) : isBroken ? (
          <strong>
            Not whole from entry {count(lastCheck.firstBadSeq ?? 0)} on, seen <Time at={lastCheck.checkedAt} />.
          </strong>
        ) : (
          <>
            Verified up to entry {count(lastCheck.headSeq)}, <Time at={lastCheck.checkedAt} />.
          </>
        )}
      </span>
      <Button asChild size="sm" look="quiet" className="no-print ml-auto">
        <Link to={`/ops/audit/chain${logQuery(log)}`}>Verify now</Link>
      </Button>
    </section>
  );
}
