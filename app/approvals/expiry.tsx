import type { ChangeRequest } from '#server/web/index.ts';
import { useZone } from '../time/clock.tsx';
import { Time, ZoneLabel } from '../ui/time.tsx';

/** How long it may still be decided, and until when exactly. */
export function Expiry({ request: { state, expiresAt } }: { request: Pick<ChangeRequest, 'state' | 'expiresAt'> }) {
  const zone = useZone();
  return (
    <span className="block">
      <Time at={expiresAt} className={state === 'open' ? 'font-medium' : 'text-muted'} />
      <span className="block text-faint text-xs">
        <Time at={expiresAt} show="exact" /> <ZoneLabel zone={zone} />
      </span>
    </span>
  );
}
