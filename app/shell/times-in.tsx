import { SCHEDULE_ZONE, useChosenZone, useZone } from '../time/clock.tsx';
import { ZoneLabel } from '../ui/time.tsx';

/** At the end of every page: a time without its zone misleads. */
export function TimesIn() {
  const zone = useZone();
  const isOfSchedules = useChosenZone() === SCHEDULE_ZONE;
  return (
    <p className="mt-5 text-faint text-xs">
      {isOfSchedules ? 'Times of a schedule in its own zone, others in ' : 'Times in '}
      <ZoneLabel zone={zone} />.
    </p>
  );
}
