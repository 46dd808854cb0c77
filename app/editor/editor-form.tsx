import { Form, Link, useNavigation } from '@remix-run/react';
import { CircleAlert } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import type { Problem } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { fieldStyle } from '../ui/field.tsx';
import { placeOf } from './json-place.ts';
import type { SaveFailure } from './save.server.ts';
import { SidePanel } from './side-panel.tsx';
import { StaleNotice } from './stale-notice.tsx';
import { useCheck } from './use-check.ts';
import { useLeaveGuard } from './use-leave-guard.tsx';
import { useSchema } from './use-schema.ts';

const CodeEditor = lazy(() => import('./code-editor.tsx'));

interface EditorFormProps {
  /** What is saved now, or what to begin with. */
  saved: string;
  /** The version that the text was made from; null for a new pipeline. */
  baseVersion: number | null;
  failure: SaveFailure | undefined;
  saveLabel: string;
  cancelTo: string;
  /** Beside the save button. */
  children?: ReactNode;
}

/** A document as text with what is known about it beside. A plain form that works before and without scripts. */
export function EditorForm({ saved, baseVersion, failure, saveLabel, cancelTo, children }: EditorFormProps) {
  const [text, setText] = useState(failure?.text ?? saved);
  const area = useRef<HTMLTextAreaElement>(null);
  const form = useRef<HTMLFormElement>(null);
  const jump = useRef<((from: number, to: number) => void) | null>(null);
  const [isMounted, setMounted] = useState(false);
  const [isReady, setReady] = useState(false);
  const check = useCheck(text, failure?.problems ?? []);
  const schema = useSchema();
  const { state } = useNavigation();
  const leave = useLeaveGuard(text !== saved && state !== 'submitting');
  // What was typed before the scripts came is kept.
  useEffect(() => {
    if (area.current) setText(area.current.value);
    setMounted(true);
  }, []);
  const change = (next: string) => {
    if (area.current) area.current.value = next;
    setText(next);
  };
  const place = (problem: Problem) => placeOf(text, problem.pointer, problem.position);
  const theirs = failure?.theirs ?? null;
  return (
    <Form ref={form} method="post" className="space-y-3">
      {leave}
      {baseVersion !== null && <input type="hidden" name="baseVersion" value={theirs?.version ?? baseVersion} />}
      {theirs !== null && <StaleNotice theirs={theirs} mine={text} baseVersion={baseVersion} />}
      {failure !== undefined && theirs === null && <SaveError failure={failure} />}
      <div className="grid grid-cols-[minmax(0,1fr)] gap-3 lg:h-[calc(100dvh-17rem)] lg:min-h-120 lg:grid-cols-[minmax(0,3fr)_minmax(20rem,2fr)]">
        <div className="h-[60dvh] min-h-0 min-w-0 lg:h-full">
          <textarea
            ref={area}
            name="document"
            aria-label="Pipeline document"
            defaultValue={failure?.text ?? saved}
            hidden={isReady}
            spellCheck={false}
            onChange={(event) => setText(event.currentTarget.value)}
            className={cn(fieldStyle, 'h-full resize-none py-2 font-mono text-xs leading-[18px] max-sm:text-xs')}
          />
          {isMounted && (
            <Suspense fallback={null}>
              <div className={cn('h-full', !isReady && 'hidden')}>
                <CodeEditor
                  initial={text}
                  label="Pipeline document"
                  schema={schema}
                  marks={check.problems.map((problem) => ({ ...place(problem), ...problem }))}
                  checked={check.text}
                  onChange={change}
                  onReady={() => setReady(true)}
                  onSave={() => form.current?.requestSubmit()}
                  jump={jump}
                />
              </div>
            </Suspense>
          )}
        </div>
        <SidePanel
          check={check}
          onJump={
            isReady
              ? (problem) => {
                  const { from, to } = place(problem);
                  jump.current?.(from, to);
                }
              : null
          }
        />
      </div>
      <div className="flex flex-wrap items-center justify-end gap-2">
        {children}
        <Button asChild>
          <Link to={cancelTo}>Cancel</Link>
        </Button>
        <Button type="submit" look="primary" busy={state === 'submitting'}>
          {theirs === null ? saveLabel : `Save mine on top of version ${theirs.version}`}
        </Button>
      </div>
    </Form>
  );
}

function SaveError({ failure }: { failure: SaveFailure }) {
  const { code, message, errorId } = failure.error;
  return (
    <div role="alert" className="flex items-start gap-2 rounded-lg bg-bad-soft px-3.5 py-2.5 text-bad">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
      <p className="min-w-0 break-words">
        Not saved: {message}{' '}
        <span className="text-xs">
          ({code}
          {errorId !== null && `, error id ${errorId}`})
        </span>
      </p>
    </div>
  );
}
