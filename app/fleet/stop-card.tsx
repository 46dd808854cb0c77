import { Form, useNavigation } from '@remix-run/react';
import { OctagonX, Play } from 'lucide-react';
import type { Stop } from '#server/web/index.ts';
import { Confirm } from '../accounts/confirm.tsx';
import { Button } from '../ui/button.tsx';
import { Card, type Fact, Facts } from '../ui/card.tsx';
import { TextField } from '../ui/field.tsx';
import { type Look, Pill } from '../ui/status-pill.tsx';
import { Time } from '../ui/time.tsx';

const stoppedLook: Look = { label: 'Stopped', tone: 'bad', icon: OctagonX };
const workingLook: Look = { label: 'Working', tone: 'ok', icon: Play };

interface StopCardProps {
  whose: 'tenant' | 'instance';
  title: string;
  /** As it stands on the button: `Acme`, `this installation`. */
  name: string;
  stop: Stop | null;
  /** What is at stake now. */
  facts: Fact[];
  /** What a stop would do now, with the numbers. */
  words: string;
  canStop: boolean;
  /** Who else could, where this person cannot. */
  whoCan: string;
  isOpen: boolean;
}

/** One stop: whether it is pulled, by whom and why; and the way to pull it or to let work go on. */
export function StopCard({ whose, title, name, stop, facts, words, canStop, whoCan, isOpen }: StopCardProps) {
  const { state, formData } = useNavigation();
  const busyWith = state === 'idle' ? null : formData?.get('intent');
  return (
    <Card title={title} aside={<Pill {...(stop === null ? workingLook : stoppedLook)} />}>
      {stop !== null && <StopFacts stop={stop} />}
      {facts.length > 0 && <Facts facts={facts} className={stop === null ? undefined : 'mt-3'} />}
      <div className={stop !== null || facts.length > 0 ? 'mt-4' : undefined}>
        {!canStop ? (
          <p className="text-muted">{whoCan}</p>
        ) : stop !== null ? (
          <Form method="post" preventScrollReset>
            <input type="hidden" name="intent" value={`resume-${whose}`} />
            <p className="mb-2 text-muted">
              Queued runs start again and schedules fire from their next due time on. What fell due since the stop was
              skipped and is not caught up{stop.holdsPublishing ? '; events that were held are sent, in order' : ''}.
            </p>
            <Button type="submit" look="primary" busy={busyWith === `resume-${whose}`}>
              Let {name} work again
            </Button>
          </Form>
        ) : (
          <Confirm
            summary={`Stop all work of ${name} …`}
            words={words}
            intent={`stop-${whose}`}
            button={`Stop all work of ${name}`}
            busy={busyWith === `stop-${whose}`}
            isOpen={isOpen}
          >
            <StopFields />
          </Confirm>
        )}
      </div>
    </Card>
  );
}

function StopFacts({ stop: { reason, running, holdsPublishing, stoppedBy, stoppedAt } }: { stop: Stop }) {
  return (
    <>
      <p className="mb-3 break-words font-medium">{reason}</p>
      <Facts
        facts={[
          { term: 'Stopped', value: <Time at={stoppedAt} /> },
          { term: 'By', value: stoppedBy },
          { term: 'What was running', value: running === 'cancel' ? 'was told to end' : 'goes on to its end' },
          { term: 'Events', value: holdsPublishing ? 'are held in the outbox' : 'are sent on' },
        ]}
      />
    </>
  );
}

function StopFields() {
  return (
    <>
      <TextField
        label="Reason"
        name="reason"
        required
        maxLength={500}
        hint="Everybody who asks why nothing runs is shown it."
      />
      <fieldset>
        <legend className="mb-1 font-medium">What is running</legend>
        <Choice name="running" value="leave" label="goes on to its end" isFirst />
        <Choice name="running" value="cancel" label="is told to end now; nothing of it takes effect" />
      </fieldset>
      <label className="flex items-start gap-2">
        <input type="checkbox" name="holdPublishing" value="1" className="mt-0.5 size-4 shrink-0 accent-primary" />
        <span>
          Hold events, too
          <span className="block text-faint text-xs">They stay in the outbox, in order, until work is resumed.</span>
        </span>
      </label>
    </>
  );
}

const Choice = ({
  name,
  value,
  label,
  isFirst = false,
}: Record<'name' | 'value' | 'label', string> & { isFirst?: boolean }) => (
  <label className="flex items-center gap-2 py-0.5">
    <input type="radio" name={name} value={value} defaultChecked={isFirst} className="size-4 shrink-0 accent-primary" />
    {label}
  </label>
);
