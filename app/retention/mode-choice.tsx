import { useFetcher } from '@remix-run/react';
import { useEffect, useRef } from 'react';
import type { RetentionMode } from '#server/web/index.ts';
import type { ActionResult } from '../page-error.ts';
import { Button } from '../ui/button.tsx';
import { useToast } from '../ui/toast.tsx';

const MODES: { mode: RetentionMode; label: string; effect: string }[] = [
  { mode: 'per_class', label: 'Per class', effect: 'Each class goes by its own days; one without a policy is kept.' },
  {
    mode: 'strictest',
    label: 'Strictest',
    effect: 'The smallest days of any class not on hold apply to all, also to classes without a policy.',
  },
];

/** Whether each class goes by its own days or all by the smallest. A plain form: it works before scripts do. */
export function ModeChoice({ mode, canManage }: { mode: RetentionMode; canManage: boolean }) {
  const { Form, data, state } = useFetcher<ActionResult>();
  const toast = useToast();
  const told = useRef<ActionResult | undefined>(undefined);
  useEffect(() => {
    if (data === undefined || data === told.current) return;
    told.current = data;
    if (data.ok) toast({ tone: 'ok', title: data.title });
    else toast({ tone: 'bad', title: data.error.title, detail: data.error.message });
  }, [data, toast]);
  const current = MODES.find((one) => one.mode === mode);
  const other = MODES.find((one) => one.mode !== mode);
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 border-line border-b px-4 py-2 text-xs">
      <p className="min-w-0 flex-[1_1_16rem] text-muted">
        <span className="font-medium text-ink">{current?.label}.</span> {current?.effect}
      </p>
      {canManage && other && (
        <Form method="post" action="/data/retention">
          <input type="hidden" name="intent" value="mode" />
          <input type="hidden" name="mode" value={other.mode} />
          <Button type="submit" size="sm" busy={state !== 'idle'} title={other.effect}>
            Switch to {other.label.toLowerCase()}
          </Button>
        </Form>
      )}
    </div>
  );
}
