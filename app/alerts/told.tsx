import type { AlertEvent } from '#server/web/index.ts';

/** How each delivery went, a line each. */
export function Told({ deliveries }: Pick<AlertEvent, 'deliveries'>) {
  return deliveries.map(({ channel, status, attempts, lastError }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the channels of what is delivered never change their order
    <p key={index} className={status === 'failed' ? 'break-words text-bad' : 'break-words'}>
      {channel}: {status === 'pending' ? `waiting${attempts > 0 ? `, attempt ${attempts}` : ''}` : status}
      {lastError !== null && status !== 'sent' && <span className="text-faint"> ({lastError})</span>}
    </p>
  ));
}
